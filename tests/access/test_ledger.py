"""Who has looked is recorded durably, opens for the subject alone, and says nothing to anybody else."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call, Purpose, system
from access.catalogue import Use
from access.decision import Decision, Ground
from access.disclosure import Disclosure, SealedRecord
from access.ledger import LEDGER, SEALED_ATTRIBUTE, Entry, commitment, entry
from core.canonical import MAX_INTEGER, canonical, plain_json, text64
from core.database import Database
from core.errors import Internal
from core.ids import uuid7
from core.keys import KeyRing
from core.sealed import DataKey
from core.settlement import Settlement, Settler
from tests.access.enrolled import NOW, Enrol, Member

SUBJECT = UUID("0198a1b2-c3d4-7000-8000-00000000abcd")
CONSENT = UUID("0198a1b2-c3d4-7000-8000-00000000c0de")
NAME = "person.given_name"
DECISION = Decision({NAME: frozenset({Use.RELEASE, Use.MATCH})}, Ground.CONSENT, str(CONSENT), b"a" * 32)


@pytest.fixture
def data_key(keys: KeyRing) -> DataKey:
    return keys.masters.new_data_key(SUBJECT)[0]


@pytest.fixture
async def member(enrol: Enrol) -> Member:
    return await enrol.agency("FUND")


@pytest.fixture
async def settler(database: Database) -> AsyncIterator[Settler]:
    settler = Settler(database, (LEDGER,), queue=100)
    settler.start()
    yield settler
    await settler.stop()


def disclosure(key: DataKey, outcome: Any = None) -> Disclosure:
    sealed = {NAME: key.seal(NAME, SUBJECT, "Zineb")}
    made = Disclosure(
        DECISION,
        SealedRecord(SUBJECT, key, sealed),
        subject=SUBJECT,
        entry_id=uuid7(NOW),
        field="verify",
        purpose=Purpose.ELIGIBILITY,
    )
    assert made.reveal(NAME, lambda record: record.open(NAME)) == "Zineb"
    made.compare("person.birth_date", Use.MATCH, lambda _: False)
    made.outcome = outcome
    return made


def details(made: Entry, key: DataKey) -> dict[str, Any]:
    return dict(orjson.loads(key.open(SEALED_ATTRIBUTE, made.entry_id, made.sealed)))


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_an_entry_names_who_asked_when_and_under_what(member: Member, data_key: DataKey) -> None:
    call = member.call(Purpose.ELIGIBILITY)
    noted = disclosure(data_key)
    made = entry(noted, call)
    assert (made.subject_id, made.entry_id) == (SUBJECT, noted.entry_id)
    assert (made.recorded_at, made.agency_id) == (NOW, member.agency_id)
    leaf = orjson.loads(made.leaf)
    assert canonical(leaf) == made.leaf
    hidden = {leaf.pop(name) for name in ("subject", "basis", "uses", "answer")}
    assert leaf == {
        "v": 1,
        "id": str(noted.entry_id),
        "at": "2026-03-14T10:30:00.000000+00:00",
        "request": str(call.request_id),
        "actor": "AGENCY",
        "agency": str(member.agency_id),
        "key": member.key.kid,
        "officer": None,
        "office": None,
        "operator": None,
        "on_behalf": None,
        "purpose": "ELIGIBILITY",
        "agreement": (b"a" * 32).hex(),
        "field": "verify",
    }
    assert len(hidden) == 4
    assert {len(raw(text)) for text in hidden} == {32}


def test_the_leaf_tells_neither_the_subject_nor_what_was_seen(member: Member, data_key: DataKey) -> None:
    made = entry(disclosure(data_key, {"confirmed": True}), member.call(Purpose.ELIGIBILITY))
    told = made.leaf.lower()
    canaries = [str(SUBJECT), SUBJECT.hex, str(CONSENT), CONSENT.hex, text64(SUBJECT.bytes), "consent", "mandate"]
    canaries += ["given_name", "birth_date", "person.", "match", "release", "confirmed", "true", "false", "zineb"]
    guesses = [SUBJECT.bytes, str(SUBJECT).encode(), b'{"confirmed":true}', b'{"confirmed":false}', b"Zineb"]
    for guess in guesses:
        digest = sha256(guess).digest()
        canaries += [digest.hex(), text64(digest)]
    for canary in canaries:
        assert canary.lower().encode() not in told, canary
        assert canary.encode() not in made.sealed


def test_what_is_sealed_opens_with_the_subjects_key_and_accounts_for_each_commitment(member: Member, data_key: DataKey) -> None:
    outcome = {"confirmed": False, "refused": None}
    made = entry(disclosure(data_key, outcome), member.call(Purpose.ELIGIBILITY))
    leaf, opened = orjson.loads(made.leaf), details(made, data_key)
    salt = raw(opened["salt"])
    assert len(salt) == 32
    assert opened == {
        "salt": opened["salt"],
        "ground": "CONSENT",
        "basis": str(CONSENT),
        "uses": {NAME: "RELEASE", "person.birth_date": "MATCH REFUSED"},
        "answer": text64(sha256(canonical(outcome)).digest()),
    }
    assert leaf["subject"] == commitment(salt, "subject", SUBJECT.bytes)
    assert leaf["basis"] == commitment(salt, "basis", f"CONSENT {CONSENT}".encode())
    assert leaf["uses"] == commitment(salt, "uses", canonical(opened["uses"]))
    assert leaf["answer"] == commitment(salt, "answer", raw(opened["answer"]))


def test_without_an_outcome_the_answer_is_all_that_was_revealed(member: Member, data_key: DataKey) -> None:
    made = entry(disclosure(data_key), member.call())
    assert details(made, data_key)["answer"] == text64(sha256(canonical({NAME: ["Zineb"]})).digest())


def test_what_is_sealed_opens_for_nobody_else_and_in_no_other_entry(keys: KeyRing, member: Member, data_key: DataKey) -> None:
    made = entry(disclosure(data_key), member.call())
    another = keys.masters.new_data_key(SUBJECT)[0]
    with pytest.raises(Internal):
        details(made, another)
    with pytest.raises(Internal):
        details(replace(made, entry_id=uuid7(NOW)), data_key)
    with pytest.raises(Internal):
        data_key.open(NAME, made.entry_id, made.sealed)


def test_entries_of_the_same_content_have_no_commitment_in_common(member: Member, data_key: DataKey) -> None:
    noted, call = disclosure(data_key, {"confirmed": True}), member.call(Purpose.ELIGIBILITY)
    leaves = [orjson.loads(entry(noted, call).leaf) for _ in range(50)]
    for name in ("subject", "basis", "uses", "answer"):
        assert len({leaf[name] for leaf in leaves}) == 50
    # Nor does one commitment stand for another within a leaf.
    assert len({leaf[name] for leaf in leaves for name in ("subject", "basis", "uses", "answer")}) == 200


def test_a_commitment_tells_its_kinds_apart() -> None:
    salt = b"s" * 32
    assert len({commitment(salt, "a", b"bc"), commitment(salt, "ab", b"c"), commitment(b"t" * 32, "a", b"bc")}) == 3


async def test_entries_are_in_the_database_and_on_disk_when_the_settlement_returns(
    member: Member, data_key: DataKey, settler: Settler, database: Database
) -> None:
    entries = [entry(disclosure(data_key), member.call(Purpose.ELIGIBILITY)) for _ in range(30)]
    settlements = [Settlement() for _ in entries]
    for settlement, made in zip(settlements, entries, strict=True):
        settlement.add(LEDGER, made)
    (before,) = await database.ask("select pg_current_wal_insert_lsn()::text as lsn")
    await asyncio.gather(*map(settler.settle, settlements))
    (after,) = await database.ask("select pg_current_wal_flush_lsn() > $1::text::pg_lsn as flushed", before["lsn"])
    assert after["flushed"]
    rows = await database.ask("select * from ledger_entry order by entry_id")
    found = [Entry(**{its.name: row[its.name] for its in fields(Entry)}) for row in rows]
    assert found == sorted(entries, key=lambda made: made.entry_id)
    assert {row["format"] for row in rows} == {1}


async def test_an_entry_is_never_written_over_another(
    member: Member, data_key: DataKey, settler: Settler, database: Database
) -> None:
    made = entry(disclosure(data_key), member.call())
    first, second = Settlement(), Settlement()
    first.add(LEDGER, made)
    second.add(LEDGER, replace(made, leaf=b"another"))
    await settler.settle(first)
    with pytest.raises(Exception, match="duplicate key"):
        await settler.settle(second)
    assert [row["leaf"] for row in await database.ask("select leaf from ledger_entry")] == [made.leaf]


def test_a_system_call_has_no_agency(data_key: DataKey) -> None:
    made = entry(disclosure(data_key), Call(system("rescoring"), NOW, uuid7(NOW)))
    leaf = orjson.loads(made.leaf)
    assert (made.agency_id, leaf["agency"], leaf["key"]) == (None, None, None)
    assert leaf["actor"] == "SYSTEM"


# Canonical JSON, the quick way

KEYS = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=6)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda part: st.lists(part, max_size=4) | st.tuples(part, part) | st.dictionaries(KEYS, part, max_size=5),
    max_leaves=15,
)


@given(DOCUMENTS)
def test_plain_json_is_the_canonical_form_of_documents_with_ascii_keys(document: Any) -> None:
    assert plain_json(document) == canonical(document)


def test_plain_json_writes_every_character_as_the_canonical_form_does() -> None:
    for first in range(0, 0x110000, 0x400):
        text = "".join(chr(code) for code in range(first, first + 0x400) if not 0xD800 <= code < 0xE000)
        assert plain_json([text]) == canonical([text])
    for code in range(128):
        assert plain_json({chr(code): 1, "a": 2}) == canonical({chr(code): 1, "a": 2})


def test_plain_json_sorts_keys_beyond_ascii_in_another_way() -> None:
    """The bound of the claim, and that it is one: U+FB33 and U+1F600 come in another order in UTF-16 than by code point."""
    document = {"\ufb33": 1, "\U0001f600": 2}
    assert plain_json(document) != canonical(document)


def test_text64_is_base64url_without_padding() -> None:
    for length in range(40):
        value = bytes(range(200, 200 + length))
        assert text64(value) == urlsafe_b64encode(value).decode().rstrip("=")
        assert raw(text64(value)) == value
