"""Agencies for tests: their keys, and plain rows that let them ask."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from access.agreements import parse_agreement, parse_mandate
from access.call import Actor, ActorKind, Call, Purpose
from access.rights import AGENCY_SCOPES
from access.tokens import thumbprint
from core.database import Database
from core.ids import uuid7

NOW = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Key:
    """A key pair of an agency. `jwk` is the public key as it is registered."""

    private: PrivateKey = field(repr=False)
    alg: str
    jwk: Mapping[str, str]

    @classmethod
    def new(cls, alg: str = "EdDSA") -> "Key":
        private: PrivateKey = (
            ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else ed25519.Ed25519PrivateKey.generate()
        )
        public = jwt.get_algorithm_by_name(alg).to_jwk(private.public_key(), as_dict=True)
        return cls(private, alg, {name: public[name] for name in ("kty", "crv", "x", "y") if name in public})

    @property
    def kid(self) -> str:
        return thumbprint(self.jwk)

    def sign(self, payload: Mapping[str, Any], **header: Any) -> str:
        """A JWS by PyJWT; a header of None is left out."""
        return jwt.encode(dict(payload), self.private, self.alg, headers=header)


@dataclass(frozen=True)
class Member:
    """An agency in the database, and what it needs to call."""

    agency_id: UUID
    code: str
    key: Key
    agreement: Mapping[str, Any]

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.AGENCY, AGENCY_SCOPES, agency=self.agency_id, kid=self.key.kid, name=self.code)

    def call(self, purpose: Purpose | None = None, at: datetime = NOW) -> Call:
        return Call(self.actor, at, uuid7(at), purpose)


def agreement_document(agency: str, **changes: Any) -> dict[str, Any]:
    """A sound agreement in force at NOW."""
    return {
        "agency": agency,
        "version": 1,
        "purposes": ["IDENTITY_PROOFING", "ELIGIBILITY"],
        "attributes": {
            "person.given_name": {"uses": ["MATCH", "RELEASE"], "level": "CLOSE"},
            "person.birth_date": {"uses": ["MATCH"], "verdict": True},
        },
        "points_per_minute": 6000,
        "failures_per_hour": {"subject": 5, "agency": 200},
        "tells_status": False,
        "territory": None,
        "valid_from": "2026-01-01T00:00:00+00:00",
        "valid_to": "2027-01-01T00:00:00+00:00",
    } | changes


def mandate_document(agency: str, **changes: Any) -> dict[str, Any]:
    """A sound mandate in force at NOW."""
    return {
        "agency": agency,
        "purpose": "ELIGIBILITY",
        "article": "Invented law 1, article 1",
        "attributes": ["person.given_name", "person.birth_date"],
        "disclosure": "IMMEDIATE",
        "valid_from": "2026-01-01T00:00:00+00:00",
        "valid_to": "2027-01-01T00:00:00+00:00",
    } | changes


@dataclass(frozen=True)
class Enrol:
    database: Database

    async def __call__(self, code: str = "FUND", alg: str = "EdDSA", mandates: bool = True, **changes: Any) -> Member:
        """An agency with one agreement (`changes` are made to its document) and, unless told otherwise, one mandate."""
        member = await self.agency(code, alg, **changes)
        if mandates:
            await self.mandate(member)
        return member

    async def agency(self, code: str, alg: str = "EdDSA", **changes: Any) -> Member:
        agency_id, key = uuid7(NOW), Key.new(alg)
        await self.database.ask(
            """insert into agency (agency_id, code, name_ar, name_fr, name_en, enrolled_at, duties)
               values ($1, $2, 'و', 'A', 'A', $3, '{}')""",
            agency_id,
            code,
            NOW - timedelta(days=70),
        )
        await self.key(agency_id, key)
        document = agreement_document(code, **changes)
        await self.agreement(agency_id, document)
        return Member(agency_id, code, key, document)

    async def key(self, agency_id: UUID, key: Key) -> None:
        await self.database.ask(
            "insert into agency_key (agency_id, kid, alg, jwk, valid_from, valid_to) values ($1, $2, $3, $4, $5, $6)",
            agency_id,
            key.kid,
            key.alg,
            json.dumps(key.jwk),
            NOW - timedelta(days=60),
            NOW + timedelta(days=60),
        )

    async def agreement(self, agency_id: UUID, document: dict[str, Any]) -> bytes:
        """The hash under which it is published."""
        parsed = parse_agreement(document)
        await self.database.ask(
            "insert into agreement (agency_id, version, hash, document, valid_from, valid_to) values ($1, $2, $3, $4, $5, $6)",
            agency_id,
            parsed.version,
            parsed.hash,
            json.dumps(document),
            parsed.valid_from,
            parsed.valid_to,
        )
        return parsed.hash

    async def mandate(self, agency: Member, **changes: Any) -> bytes:
        """The hash under which it is published."""
        document = mandate_document(agency.code, **changes)
        parsed = parse_mandate(document)
        await self.database.ask(
            """insert into mandate (mandate_id, agency_id, purpose, hash, document, valid_from, valid_to)
            values ($1, $2, $3, $4, $5, $6, $7)""",
            uuid7(NOW),
            agency.agency_id,
            parsed.purpose,
            parsed.hash,
            json.dumps(document),
            parsed.valid_from,
            parsed.valid_to,
        )
        return parsed.hash
