"""The root of the schema: each field is one resolver of its room."""

import strawberry

from api import access, identity, registry, scoring, verification


@strawberry.type
class Query:
    me = strawberry.field(access.me, description="Who asks.")
    catalogue = strawberry.field(access.attributes, description="All there is to know.")
    programmes = strawberry.field(scoring.programmes, description="The social programmes.")
    verify = strawberry.field(verification.verify, description="Are these claims true? Up to 1,000 subjects at a time.")
    person = strawberry.field(identity.person, description="One person, as far as it is granted.")
    household = strawberry.field(
        registry.household, description="One household, by its code or by a subject: exactly one of both."
    )
    eligibility = strawberry.field(
        scoring.eligibility, description="Are these people's households eligible? Up to 1,000 at a time."
    )
