"""What is measured: a demonstration's population, an agency that may ask without end, and people to ask about.

The agency is like the first of the demonstration, but may see more of a person (a look-up of eight values), has no limit of
questions a minute, and all who are asked about consent to its service delivery.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from access.agencies import AGENCY_ENROLLED, AGENCY_KEY_ADDED, enrolment, new_key
from access.call import Call, Purpose, system
from access.imports import NewConsent, load_consents
from access.instance import create_instance
from access.publishing import AGREEMENT_PUBLISHED, MANDATE_PUBLISHED, publication
from access.rights import AGENCY_SCOPES, Scope
from access.tokens import AccessToken, issue, thumbprint
from api.demo.agencies import PROFILES, YEAR, Profile, agreement_document, mandate_document, public_jwk
from api.demo.load import load
from core.database import Database, Row
from core.ids import uuid7
from core.keys import KeyRing
from identity.store import column
from migrations.run import migrate

SEED = 1
SAMPLE = 2_000  # people who are asked about: heads of households, known by their Latin names
CLAIMED = ("person.given_name", "person.family_name", "person.birth_date")
TOKEN_LIFETIME = timedelta(seconds=900)
_PARTS = ("person.idcs", "person.given_name:latin", "person.family_name:latin", "person.birth_date")
_RELEASED = ("person.given_name", "person.family_name", "person.birth_date", "person.sex", "person.nationality")
_BOTH = ("MATCH", "RELEASE")


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody to ask about, with the true values of CLAIMED in their order."""

    person_id: UUID
    idcs: str
    household_code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """The agency, and the key that its access tokens are bound to."""

    agency: UUID
    kid: str
    key: EllipticCurvePrivateKey = field(repr=False)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def token(self, keys: KeyRing, issuer: str, now: datetime) -> str:
        """An access token as the token endpoint would give it."""
        bound_to = thumbprint(public_jwk(self.key))
        scopes = tuple(sorted(AGENCY_SCOPES))
        return issue(keys, AccessToken(self.agency, self.kid, bound_to, scopes, now + TOKEN_LIFETIME), issuer=issuer, now=now)


@dataclass(frozen=True, slots=True)
class Population:
    asker: Asker
    asked: Sequence[Asked]
    persons: int
    enrolled_per_second: float


async def populate(
    database: Database,
    keys: KeyRing,
    *,
    persons: int,
    issuer: str,
    now: datetime,
    sample: int = SAMPLE,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Population:
    """Fills an empty database of the newest shape."""
    call = Call(
        system("bench", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN),
        now,
        uuid7(now),
    )
    async with database.begin() as connection:
        await create_instance(connection, call, keys, mark=keys.mark, issuer=issuer)
    began = time.monotonic()
    loaded = await load(database, keys, call, persons=persons, seed=SEED, communes=(), progress=progress)
    seconds = time.monotonic() - began
    asker = await _enrol(database, call)
    asked = await _sample(database, keys, sample)
    async with database.connection() as raw, raw.transaction():
        await load_consents(raw, call, [_consent(each.person_id, asker.agency, now) for each in asked])
    await database.ask("analyze")
    return Population(asker, asked, loaded.persons, loaded.persons / seconds)


async def make_tables(url: str) -> None:
    database = Database(url, connections=1)
    await migrate(database.engine)
    await database.close()


def profile() -> Profile:
    template = PROFILES[0]
    return replace(
        template,
        code="BENCH",
        attributes={**template.attributes, **dict.fromkeys(_RELEASED, _BOTH)},
    )


async def _enrol(database: Database, call: Call) -> Asker:
    its, key = profile(), generate_private_key(SECP256R1())
    jwk = public_jwk(key)
    kid = thumbprint(jwk)
    agreement: Mapping[str, Any] = agreement_document(its, call.now) | {"points_per_minute": 2**31 - 1}
    async with database.begin() as connection:
        made = await AGENCY_ENROLLED.at_the_machine(connection, call, enrolment(its.code, its.names))
        new = new_key(its.code, kid=kid, alg="ES256", jwk=jwk, valid_from=call.now, valid_to=call.now + YEAR)
        await AGENCY_KEY_ADDED.at_the_machine(connection, call, new)
        await AGREEMENT_PUBLISHED.at_the_machine(connection, call, publication(agreement))
        for purpose in its.mandates:
            mandate = publication(mandate_document(its, purpose, call.now))
            await MANDATE_PUBLISHED.at_the_machine(connection, call, mandate)
    return Asker(UUID(made["agency"]), kid, key)


async def _sample(database: Database, keys: KeyRing, count: int) -> list[Asked]:
    columns = ", ".join(f"p.{column(part)}" for part in _PARTS)
    rows = await database.ask(
        f"""select p.person_id, p.data_key, {columns}, h.household_id, h.data_key as household_key, h.code
              from membership m join person p using (person_id) join household h using (household_id)
             where m.kinship = 'HEAD' and p.status = 'ACTIVE' and p.given_name_latin is not null
               and p.family_name_latin is not null and h.withdrawn_at is null
               and not exists (select from identity_lock l where l.person_id = p.person_id)
               and exists (select from score s where s.household_id = h.household_id)
             order by md5(p.person_id::text) limit $1""",
        count,
    )
    return [_opened(row, keys) for row in rows]


def _opened(row: Row, keys: KeyRing) -> Asked:
    person, household = row["person_id"], row["household_id"]
    its, theirs = keys.masters.unwrap(person, row["data_key"]), keys.masters.unwrap(household, row["household_key"])
    idcs, *values = [its.open(part, person, row[column(part)]) for part in _PARTS]
    return Asked(person, idcs, theirs.open("household.code", household, row["code"]), tuple(values))


def _consent(person: UUID, agency: UUID, now: datetime) -> NewConsent:
    its = profile()
    return NewConsent(person, agency, Purpose.SERVICE_DELIVERY, frozenset(its.attributes), now + YEAR)
