"""The GraphQL types of enrolment: what an applicant declares, as it is typed and as it is told, and a request as it stands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import strawberry

from access.catalogue import Lang
from api.access import instant
from api.changing import Changing, Outcome, UserError, Work
from api.guard import bound, described
from api.identity import Division, Person
from api.paging import PageInfo
from api.scalars import DateTime
from core.errors import Faulty, Invalid, Path
from identity.applications import MEMBERS, Basis, Form
from identity.codes import MaritalStatus, Sex
from identity.enrolment_states import Obstacle, Reason, State
from identity.enrolment_views import EnrolmentView, FormView
from identity.evidence import EvidenceKind

strawberry.enum(State, name="EnrolmentState")
strawberry.enum(Reason, name="EnrolmentReason", description="Why a request was refused.")
strawberry.enum(Obstacle, name="EnrolmentObstacle", description="What keeps a request from being accepted.")
strawberry.enum(Basis, name="EnrolmentBasis", description="On what it rests that somebody is who they say.")


@described
@strawberry.type(description="What an applicant declared. The IDCS is there once the request is accepted.")
class EnrolmentForm:
    person: Person | None
    guarded: bool | None = bound("person.guardians")
    guardian: str | None = bound("person.guardians")
    mother: str | None = bound("person.mother_name")
    father: str | None = bound("person.father_name")


@strawberry.type(description="A request to be enrolled. `id`: what the person will be known by, evidence too.")
class Enrolment:
    id: strawberry.ID
    number: str = strawberry.field(description="Of the receipt.")
    state: State
    channel: str = strawberry.field(description="ONLINE, CENTRE, FILE or PACK.")
    basis: Basis | None
    lang: Lang
    division: Division | None
    begun_at: DateTime
    expires_at: DateTime | None = strawberry.field(description="When a draft lapses.")
    submitted_at: DateTime | None
    due_at: DateTime | None = strawberry.field(description="By when it is decided.")
    decided_at: DateTime | None
    reason: Reason | None
    form_hash: str | None = strawberry.field(description="SHA-256 of what was handed in, in hex.")
    own: bool = strawberry.field(description="You took it down, so somebody else decides.")
    form: EnrolmentForm | None = strawberry.field(description="Null in lists, and once it is erased.")
    evidence_needed: list[list[EvidenceKind]] = strawberry.field(description="One at least of each of these.")
    evidence: list[EvidenceKind]
    testimonies: int
    obstacles: list[Obstacle] = strawberry.field(description="For staff: what keeps it from being accepted now.")
    open_cases: int = strawberry.field(description="For staff: of doubles, that have to be decided first.")
    cases: list[strawberry.ID] = strawberry.field(description="For staff: which these are, for `duplicate`.")


@strawberry.type
class EnrolmentEdge:
    node: Enrolment
    cursor: str


@strawberry.type(description="A page of requests, whichever is due first being the first.")
class EnrolmentConnection:
    edges: list[EnrolmentEdge]
    page_info: PageInfo


# --- inputs and payloads


@strawberry.input(description="What an applicant declares, as it was typed: all faults are told at once, each with its code.")
class EnrolmentFormInput:
    given_name_ar: str | None = None
    given_name_latin: str | None = None
    family_name_ar: str | None = None
    family_name_latin: str | None = None
    father_name: str | None = None
    mother_name: str | None = None
    birth_date: str | None = strawberry.field(default=None, description="YYYY, YYYY-MM or YYYY-MM-DD.")
    birth_place: str | None = strawberry.field(default=None, description="The code of a division.")
    sex: Sex | None = None
    marital_status: MaritalStatus | None = None
    nationality: str | None = strawberry.field(default=None, description="The code or the name of a country.")
    cnie: str | None = None
    residence_permit: str | None = None
    residence: str | None = strawberry.field(default=None, description="The code of a division.")
    address: str | None = None
    telephone: str | None = None
    email: str | None = None
    guardian: str | None = strawberry.field(default=None, description="The IDCS of the legal representative.")
    mother: str | None = strawberry.field(default=None, description="The mother's IDCS.")
    father: str | None = strawberry.field(default=None, description="The father's IDCS.")
    guarded: bool | None = strawberry.field(default=None, description="An adult under guardianship.")
    basis: Basis | None = None


@strawberry.input
class BeginEnrolmentInput:
    form: EnrolmentFormInput
    lang: Lang = strawberry.field(description="In which the applicant is told of it.")
    request_key: str | None = None


@strawberry.input(description="The whole form: it takes the place of what the draft held.")
class AmendEnrolmentInput:
    enrolment: strawberry.ID
    form: EnrolmentFormInput
    request_key: str | None = None


@strawberry.input
class EnrolmentInput:
    enrolment: strawberry.ID
    request_key: str | None = None


@strawberry.input
class RejectEnrolmentInput:
    enrolment: strawberry.ID
    reason: Reason
    request_key: str | None = None


@strawberry.type(description="The request as it stands now, or what is to be mended.")
class EnrolmentPayload:
    enrolment: Enrolment | None
    user_errors: list[UserError]


@strawberry.input(description="A witness, who is there, is sent a code.")
class AskForTestimonyInput:
    enrolment: strawberry.ID
    idcs: str
    request_key: str | None = None


@strawberry.input
class GiveTestimonyInput:
    challenge: strawberry.ID
    code: str
    request_key: str | None = None


# --- from one to the other


def form_of(given: Mapping[str, Any]) -> Form:
    """The form in an input, by the names of the schema."""
    members: dict[str, Any] = {name: given.get(camel(name)) for name in MEMBERS}
    return Form(**members | {"guarded": bool(members["guarded"])})


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _path(path: Path) -> Path:
    return ("form", camel(str(path[0])), *path[1:]) if path and path[0] in MEMBERS else path


@contextmanager
def form_paths() -> Iterator[None]:
    """Faults lead to the members of a form by the names that the schema has for them."""
    try:
        yield
    except Faulty as refusal:
        raise refusal.renamed(_path) from None
    except Invalid as refusal:
        raise Invalid(refusal.message, path=_path(refusal.path)) from None


def by_paths(work: Work[Outcome]) -> Work[Outcome]:
    async def renamed(at: Changing) -> Outcome:
        with form_paths():
            return await work(at)

    return renamed


def told(its: EnrolmentView) -> Enrolment:
    return Enrolment(
        id=strawberry.ID(str(its.id)),
        number=its.number,
        state=its.state,
        channel=its.channel,
        basis=its.basis,
        lang=its.lang,
        division=cast("Division | None", its.division),
        begun_at=DateTime(its.begun_at),
        expires_at=instant(its.expires_at),
        submitted_at=instant(its.submitted_at),
        due_at=instant(its.due_at),
        decided_at=instant(its.decided_at),
        reason=its.reason,
        form_hash=its.form_hash,
        own=its.own,
        form=None if its.form is None else _form(its.form),
        evidence_needed=[[EvidenceKind(kind) for kind in kinds] for kinds in its.evidence_needed],
        evidence=[EvidenceKind(kind) for kind in its.evidence],
        testimonies=its.testimonies,
        obstacles=its.obstacles,
        open_cases=len(its.cases),
        cases=[strawberry.ID(str(case)) for case in its.cases],
    )


def _form(its: FormView) -> EnrolmentForm:
    # What is withheld stands in its place, for the reader of the schema.
    return cast("EnrolmentForm", its)
