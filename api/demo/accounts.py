"""Who signs in to the demonstration: staff of the registry who can approve each other's acts, and people of its agencies.

They take their accounts up just as real people do, by the links of invitations, a few minutes before the demonstration begins.
All of them are invented; their passwords and second factors are made anew for each demonstration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from argon2.profiles import CHEAPEST
from pyotp import TOTP
from sqlalchemy.ext.asyncio import AsyncConnection

from access import accounts, officers
from access.account_rows import INVITATION_PATH
from access.approval import Acts
from access.call import NOBODY, Call
from access.catalogue import Labels, Lang
from access.invitations import choose_password, propose_second_factor, take_up
from access.officers import OfficeKind
from access.passwords import Passwords
from access.rights import Role
from core.canonical import text64
from core.database import Database
from core.ids import random_bytes
from core.keys import KeyRing

# Their first codes are of then: none of now is used up.
BEFORE = timedelta(minutes=5)
HOME = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody of the demonstration. `division`: where the roles hold; `agency`: whose administrator or officer it is."""

    email: str
    name: str
    roles: tuple[Role, ...]
    lang: Lang = Lang.FR
    division: str | None = None
    agency: str | None = None


STAFF = (
    Profile("amina.admin@demo.example", "Amina Berrada", (Role.ADMINISTRATOR, Role.PUBLISHER)),
    Profile("youssef.admin@demo.example", "Youssef Lahlou", (Role.ADMINISTRATOR, Role.PUBLISHER), Lang.AR),
    Profile("khadija.agent@demo.example", "Khadija Mansouri", (Role.CENTRE_AGENT,), Lang.AR, division="04"),
    Profile("omar.auditor@demo.example", "Omar Chraibi", (Role.AUDITOR,)),
)
OF_AGENCIES = (
    Profile("salma.admin@demo.example", "Salma Idrissi", (Role.AGENCY_ADMINISTRATOR,), agency="CNSS_DEMO"),
    Profile("rachid.officer@demo.example", "Rachid Ouali", (Role.OFFICER,), Lang.AR, agency="CNSS_DEMO"),
    Profile("nadia.admin@demo.example", "Nadia Tazi", (Role.AGENCY_ADMINISTRATOR,), agency="GRANTS_DEMO"),
    Profile("hamid.officer@demo.example", "Hamid Saidi", (Role.OFFICER,), agency="GRANTS_DEMO"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """The office of an agency's officers."""

    kind: OfficeKind
    code: str
    names: Labels
    division: str


OFFICES: Mapping[str, Place] = {
    "CNSS_DEMO": Place(
        OfficeKind.BRANCH,
        "RABAT-1",
        {Lang.AR: "وكالة الرباط", Lang.FR: "Agence de Rabat", Lang.EN: "Rabat branch"},
        "04.421",
    ),
    "GRANTS_DEMO": Place(
        OfficeKind.MOBILE,
        "MOBILE-1",
        {Lang.AR: "وحدة متنقلة", Lang.FR: "Unité mobile", Lang.EN: "Mobile unit"},
        "04",
    ),
}


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that was taken up, and what whoever plays it signs in with."""

    profile: Profile
    account: UUID
    password: str = field(repr=False)
    totp_secret: str = field(repr=False)

    @property
    def document(self) -> dict[str, Any]:
        its = self.profile
        told: dict[str, Any] = {"email": its.email, "name": its.name, "roles": list(its.roles)}
        if its.agency is None:
            told["division"] = its.division
        else:
            told |= {"agency": its.agency, "office": OFFICES[its.agency].code if Role.OFFICER in its.roles else None}
        return told | {"password": self.password, "totp_secret": self.totp_secret}


def document(people: Sequence[DemoAccount]) -> dict[str, Any]:
    """As it stands in `demo.json`: `administrators` are those of the staff who can approve each other's acts."""
    staff = [one for one in people if one.profile.agency is None]
    return {
        "administrators": [one.document for one in staff if Role.ADMINISTRATOR in one.profile.roles],
        "staff": [one.document for one in staff],
        "officers": [one.document for one in people if one.profile.agency is not None],
    }


async def make(
    database: Database, keys: KeyRing, call: Call, agencies: Mapping[str, UUID], *, issuer: str
) -> tuple[DemoAccount, ...]:
    """All of them, or none: their accounts, roles and offices. `agencies`: the ids of the demonstration's, by their codes."""
    early = replace(call, now=call.now - BEFORE)
    # They are random, of 144 bits: nobody guesses them, however quick that is. Whoever signs in has it hashed anew.
    passwords = Passwords(CHEAPEST)
    try:
        async with database.begin() as connection:
            maker = _Maker(connection, early, keys, passwords, issuer)
            people = [*STAFF, *(profile for profile in OF_AGENCIES if profile.agency in agencies)]
            offices = {code: await maker.office(agency, OFFICES[code]) for code, agency in agencies.items() if code in OFFICES}
            links = [await maker.invited(profile, agencies, offices) for profile in people]
            return await maker.taken_up(people, links)
    finally:
        passwords.close()


@dataclass(frozen=True, slots=True)
class _Maker:
    connection: AsyncConnection
    call: Call
    keys: KeyRing
    passwords: Passwords
    issuer: str

    async def office(self, agency: UUID, place: Place) -> UUID:
        return await officers.open_office(
            self.connection,
            self._within(agency),
            kind=place.kind,
            code=place.code,
            names=place.names,
            division=place.division,
            operator=None,
        )

    async def invited(self, profile: Profile, agencies: Mapping[str, UUID], offices: Mapping[str, UUID]) -> tuple[UUID, str]:
        """The account with its roles, and the token of the link that it is taken up by."""
        agency = None if profile.agency is None else agencies[profile.agency]
        who = {"email": profile.email, "name": profile.name}
        if agency is not None and profile.roles == (Role.OFFICER,):
            office = offices.get(profile.agency or "")
            within = self._within(agency)
            account = await officers.create_officer(
                self.connection, within, self.keys, **who, lang=profile.lang, office=office, purposes=None
            )
        else:
            account = await accounts.create_account(
                self.connection, self.call, self.keys, **who, lang=profile.lang, agency=agency
            )
            act = Acts(accounts.acts(self.keys, self.issuer)).named(accounts.ROLE_GRANTED)
            for role in profile.roles:
                change = accounts.role_granted(account, role, division=profile.division, valid_to=None)
                await act.at_the_machine(self.connection, self.call, change)
        link = await accounts.link_at_the_machine(self.connection, self.call, account=account, issuer=self.issuer)
        return account, link.removeprefix(f"{self.issuer}{INVITATION_PATH}")

    async def taken_up(self, people: Sequence[Profile], links: Sequence[tuple[UUID, str]]) -> tuple[DemoAccount, ...]:
        door = Call(NOBODY, self.call.now, self.call.request_id, address=HOME)
        chosen = [(text64(random_bytes(18)), token) for _, token in links]
        enrolments = [
            await choose_password(self.connection, door, self.keys, token=token, password=password)
            for password, token in chosen
        ]
        made = []
        for profile, (account, token), (password, _), enrolment in zip(people, links, chosen, enrolments, strict=True):
            proposed = propose_second_factor(enrolment, await self.passwords.hash(enrolment.password))
            code = TOTP(proposed.secret).at(door.now)
            await take_up(self.connection, door, self.keys, token=token, ticket=proposed.ticket, code=code)
            made.append(DemoAccount(profile, account, password, proposed.secret))
        return tuple(made)

    def _within(self, agency: UUID) -> Call:
        """The machine's own call, for the people of one agency."""
        return replace(self.call, actor=replace(self.call.actor, agency=agency))
