"""The agencies of the demonstration: two that may see different things, with keys made when the demonstration is.

    CNSS_DEMO    health cover: eligibility, identity and enrolment under legal mandates, service delivery by consent
    GRANTS_DEMO  student grants: identity under a mandate, service delivery by consent, and much less to see

Their mandates rest on no law: the article says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy.ext.asyncio import AsyncConnection

from access.agencies import AGENCY_ENROLLED, AGENCY_KEY_ADDED, enrolment, new_key
from access.call import Call, Purpose
from access.catalogue import Labels, Lang
from access.publishing import AGREEMENT_PUBLISHED, MANDATE_PUBLISHED, NOTICE_PUBLISHED, publication
from access.tokens import thumbprint
from api.demo.notices import notice_document
from core.canonical import text64

YEAR = timedelta(days=365)
ARTICLE = "Article D-1 of the demonstration: it is no law, and nothing rests on it outside of here."
POINTS_PER_MINUTE = 1_000_000
FAILURES_PER_HOUR = {"subject": 1_000, "agency": 1_000_000}


@dataclass(frozen=True, slots=True)
class Profile:
    """What one agency of the demonstration may do. `attributes`: name -> uses; `mandates`: purpose -> attribute names.

    `consented` is the purpose for which people are asked.
    """

    code: str
    names: Labels
    alg: str
    purposes: tuple[Purpose, ...]
    attributes: Mapping[str, tuple[str, ...]]
    verdicts: frozenset[str]
    mandates: Mapping[Purpose, tuple[str, ...]]
    consented: Purpose
    tells_status: bool

    @property
    def matched(self) -> tuple[str, ...]:
        """The attributes on which a claim may be made."""
        return tuple(name for name, uses in self.attributes.items() if "MATCH" in uses)


_MATCHED: Mapping[str, tuple[str, ...]] = {
    "person.given_name": ("MATCH",),
    "person.family_name": ("MATCH",),
    "person.birth_date": ("MATCH", "PREDICATE"),
    "person.sex": ("MATCH", "RELEASE"),
    "person.cnie": ("MATCH",),
    "person.telephone": ("MATCH",),
    "person.nationality": ("MATCH",),
    "person.marital_status": ("MATCH",),
}
_RELEASED: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    (
        "person.token",
        "household.milieu",
        "household.residence",
        "household.token",
        "household.size",
        "household.members",
        "score.value",
        "score.contributions",
        "score.band",
        "eligibility.result",
        "eligibility.distance",
    ),
    ("RELEASE",),
)
_ALL = (*_MATCHED, *_RELEASED)
_GRANTS: Mapping[str, tuple[str, ...]] = {
    "person.given_name": ("MATCH", "RELEASE"),
    "person.family_name": ("MATCH", "RELEASE"),
    "person.birth_date": ("MATCH",),
    "person.sex": ("MATCH",),
}

PROFILES = (
    Profile(
        code="CNSS_DEMO",
        names={
            Lang.AR: "صندوق التغطية الصحية (عرض تجريبي)",
            Lang.FR: "Caisse de couverture médicale (démonstration)",
            Lang.EN: "Health cover fund (demonstration)",
        },
        alg="ES256",
        purposes=(Purpose.ELIGIBILITY, Purpose.IDENTITY_PROOFING, Purpose.ENROLMENT, Purpose.SERVICE_DELIVERY),
        attributes={**_MATCHED, **_RELEASED},
        verdicts=frozenset({"person.given_name", "person.family_name", "person.birth_date"}),
        mandates={
            Purpose.IDENTITY_PROOFING: (*_MATCHED, "person.token"),
            Purpose.ELIGIBILITY: _ALL,
            Purpose.ENROLMENT: _ALL,
        },
        consented=Purpose.SERVICE_DELIVERY,
        tells_status=True,
    ),
    Profile(
        code="GRANTS_DEMO",
        names={
            Lang.AR: "مكتب المنح الدراسية (عرض تجريبي)",
            Lang.FR: "Office des bourses d'études (démonstration)",
            Lang.EN: "Student grants office (demonstration)",
        },
        alg="EdDSA",
        purposes=(Purpose.IDENTITY_PROOFING, Purpose.SERVICE_DELIVERY),
        attributes=_GRANTS,
        verdicts=frozenset(),
        mandates={Purpose.IDENTITY_PROOFING: tuple(_GRANTS)},
        consented=Purpose.SERVICE_DELIVERY,
        tells_status=False,
    ),
)


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """An agency that was enrolled, and the private key (PKCS 8, PEM) that whoever plays it needs."""

    agency_id: UUID
    profile: Profile
    kid: str
    private_pem: str = field(repr=False)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "code": self.profile.code,
            "client_id": str(self.agency_id),
            "kid": self.kid,
            "alg": self.profile.alg,
            "private_key_pem": self.private_pem,
            "purposes": list(self.profile.purposes),
            "attributes": list(self.profile.matched),
        }


async def enrol(connection: AsyncConnection, call: Call) -> tuple[DemoAgency, ...]:
    """The agencies with their keys, agreements and mandates, each valid for one year from now, and what they tell people."""
    return tuple([await _enrol(connection, call, profile) for profile in PROFILES])


async def _enrol(connection: AsyncConnection, call: Call, profile: Profile) -> DemoAgency:
    made = await AGENCY_ENROLLED.at_the_machine(connection, call, enrolment(profile.code, profile.names))
    agency = UUID(made["agency"])
    private = generate_ec_key(SECP256R1()) if profile.alg == "ES256" else Ed25519PrivateKey.generate()
    jwk = public_jwk(private)
    kid = thumbprint(jwk)
    valid_to = call.now + YEAR
    key = new_key(profile.code, kid=kid, alg=profile.alg, jwk=jwk, valid_from=call.now, valid_to=valid_to)
    await AGENCY_KEY_ADDED.at_the_machine(connection, call, key)
    agreement = publication(agreement_document(profile, call.now))
    await AGREEMENT_PUBLISHED.at_the_machine(connection, call, agreement)
    for purpose in profile.mandates:
        mandate = publication(mandate_document(profile, purpose, call.now))
        await MANDATE_PUBLISHED.at_the_machine(connection, call, mandate)
    notice = notice_document(profile.code, profile.consented, tuple(profile.attributes), call.now)
    await NOTICE_PUBLISHED.at_the_machine(connection, call, publication(notice))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return DemoAgency(agency, profile, kid, pem)


def agreement_document(profile: Profile, now: datetime) -> dict[str, Any]:
    return {
        "agency": profile.code,
        "version": 1,
        "purposes": list(profile.purposes),
        "attributes": {
            name: {"uses": list(uses), "level": "EXACT", "verdict": name in profile.verdicts}
            for name, uses in profile.attributes.items()
        },
        "points_per_minute": POINTS_PER_MINUTE,
        "failures_per_hour": dict(FAILURES_PER_HOUR),
        "tells_status": profile.tells_status,
        "territory": None,
        "valid_from": now.isoformat(),
        "valid_to": (now + YEAR).isoformat(),
    }


def mandate_document(profile: Profile, purpose: Purpose, now: datetime) -> dict[str, Any]:
    return {
        "agency": profile.code,
        "purpose": purpose,
        "article": ARTICLE,
        "attributes": list(profile.mandates[purpose]),
        "disclosure": "IMMEDIATE",
        "valid_from": now.isoformat(),
        "valid_to": (now + YEAR).isoformat(),
    }


def public_jwk(private: EllipticCurvePrivateKey | Ed25519PrivateKey) -> dict[str, str]:
    """The public half as a JSON Web Key (RFC 7518, RFC 8037)."""
    if isinstance(private, Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": text64(private.public_key().public_bytes_raw())}
    point = private.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": text64(point.x.to_bytes(32)), "y": text64(point.y.to_bytes(32))}
