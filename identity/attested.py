"""What an attestation says, as a signed document. Pure: made of values that were opened, checked with published keys alone.

An attestation is a compact JWS (EdDSA, of a type of its own) over
    {v, iss, number, lang, attributes: {name: value}, issued, expires, salt}
A name of a person is {ar, latin}, a place {code, ar, fr}, all other values are text; an IDCS of which only the end is shown
stands under `person.idcs:masked`. The salt makes that a hash of the document tells nothing of what stands in it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from access.catalogue import Lang
from access.tokens import payload_of, sign_compact
from core.canonical import text64
from core.dates import PartialDate
from core.documents import Node
from core.errors import Invalid, SijilError
from core.ids import random_bytes
from core.keys import SigningKey

TYPE: Final = "sijil-attestation+jws"
VERSION: Final = 1
MAX_CHARACTERS: Final = 16 * 1024
PAPER_LANGS: Final = (Lang.AR, Lang.FR)
DEFAULT_DAYS: Final = 90
MAX_DAYS: Final = 365
MASKED: Final = "person.idcs:masked"
_PART_BYTES = 12
_FIELDS = ("v", "iss", "number", "lang", "attributes", "issued", "expires", "salt")


class Attested(StrEnum):
    """What a holder may have attested."""

    NAME = "NAME"
    BIRTH_DATE = "BIRTH_DATE"
    BIRTH_PLACE = "BIRTH_PLACE"
    SEX = "SEX"
    NATIONALITY = "NATIONALITY"
    RESIDENCE = "RESIDENCE"
    IDCS = "IDCS"
    IDCS_MASKED = "IDCS_MASKED"


# In the order in which they are read.
NAMES: Final[Mapping[Attested, tuple[str, ...]]] = {
    Attested.NAME: ("person.given_name", "person.family_name"),
    Attested.IDCS: ("person.idcs",),
    Attested.IDCS_MASKED: (MASKED,),
    Attested.BIRTH_DATE: ("person.birth_date",),
    Attested.BIRTH_PLACE: ("person.birth_place",),
    Attested.SEX: ("person.sex",),
    Attested.NATIONALITY: ("person.nationality",),
    Attested.RESIDENCE: ("person.residence",),
}
SCRIPTED: Final = frozenset(NAMES[Attested.NAME])
PLACES: Final = frozenset({"person.birth_place", "person.residence"})
_KNOWN: Final = frozenset(name for names in NAMES.values() for name in names)


@dataclass(frozen=True, slots=True)
class Attestation:
    """What one says. `attributes` in the order in which they are read."""

    number: str
    issuer: str
    lang: Lang
    attributes: Mapping[str, Any]
    issued_at: datetime
    expires_at: datetime


def chosen_attributes(chosen: Collection[Attested]) -> list[Attested]:
    """Each once, in the order in which they are read. Raises Invalid for none, and for the IDCS in both forms."""
    if not chosen:
        raise Invalid("choose what is to be attested", path=("attributes",))
    if {Attested.IDCS, Attested.IDCS_MASKED} <= set(chosen):
        raise Invalid("the IDCS is shown whole or masked", path=("attributes",))
    return [attested for attested in NAMES if attested in chosen]


def checked_days(days: int) -> timedelta:
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(f"an attestation is good for 1 to {MAX_DAYS} days", path=("days",))
    return timedelta(days=days)


def masked(idcs: str) -> str:
    """With its last four digits alone."""
    return "*" * (len(idcs) - 4) + idcs[-4:]


def sign(attestation: Attestation, key: SigningKey) -> str:
    payload = {
        "v": VERSION,
        "iss": attestation.issuer,
        "number": attestation.number,
        "lang": attestation.lang.value,
        "attributes": attestation.attributes,
        "issued": attestation.issued_at.isoformat(timespec="seconds"),
        "expires": attestation.expires_at.isoformat(timespec="seconds"),
        "salt": text64(random_bytes(16)),
    }
    return sign_compact({"typ": TYPE}, payload, key)


def verify_attestation(text: str, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document in that text. `jwks`: the platform's published keys. Whether it has expired is the caller's to see.

    Raises Invalid, in one word for all reasons, unless every part fits: form, signature by one of the keys, values.
    """
    try:
        payload = payload_of(text, TYPE, jwks, most=MAX_CHARACTERS)
        read(payload)
    except SijilError:
        raise Invalid("the attestation does not verify") from None
    return payload


def read(payload: Mapping[str, Any]) -> Attestation:
    """What a payload says. Raises Invalid where it has not the form of one."""
    fields = Node(dict(payload)).record(_FIELDS)
    fields["v"].integer(VERSION, VERSION)
    values = fields["attributes"].entries(most=len(_KNOWN))
    if not values or values.keys() - _KNOWN:
        fields["attributes"].refuse("not what can be attested")
    fields["salt"].text()
    return Attestation(
        number=fields["number"].text(),
        issuer=fields["iss"].text(),
        lang=_lang(fields["lang"]),
        attributes={name: _value(name, values[name]) for names in NAMES.values() for name in names if name in values},
        issued_at=fields["issued"].instant(),
        expires_at=fields["expires"].instant(),
    )


def _value(name: str, node: Node) -> Any:
    if name in SCRIPTED:
        return {script: None if part.value is None else part.text() for script, part in node.record(("ar", "latin")).items()}
    if name in PLACES:
        return {member: part.text() for member, part in node.record(("code", "ar", "fr")).items()}
    text = node.text()
    if name == "person.birth_date":
        PartialDate.parse(text)
    return text


def _lang(node: Node) -> Lang:
    lang = node.choice(Lang)
    if lang not in PAPER_LANGS:
        node.refuse("no language of papers")
    return lang


def digest_of(signed: str) -> bytes:
    return sha256(signed.encode()).digest()


def part_of(digest: bytes) -> str:
    """What an address of the check page carries of an attestation: enough to see that it is the one that was signed."""
    return text64(digest[:_PART_BYTES])


def check_address(issuer: str, number: str, digest: bytes) -> str:
    """Where anybody sees whether it counts. There is nothing in it of the person."""
    return f"{issuer}/check/{number}?s={part_of(digest)}"
