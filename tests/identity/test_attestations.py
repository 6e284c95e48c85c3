"""Attestations: what a holder chose, signed, for a time; and that the check page tells nothing but whether one counts."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call
from access.catalogue import Lang
from access.rights import Role
from access.tokens import sign_compact
from api.portal.statics import VENDOR
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unavailable
from core.ids import uuid7
from core.keys import KeyRing
from identity import attested
from identity.attestation_paper import Papers, inputs_of
from identity.attestations import (
    CHECKS,
    MAX_STANDING,
    AttestationState,
    AttestationView,
    attestation,
    attestations,
    check_attestation,
    issue_attestation,
    revoke_attestation,
)
from identity.attested import TYPE, Attestation, Attested, part_of, read, verify_attestation
from identity.numbers import verhoeff_valid
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, ISSUER, Register, at_the_door, staff_call

ALL = [each for each in Attested if each is not Attested.IDCS_MASKED]
WHOLE = {
    "person.given_name": {"ar": "أمينة", "latin": "Amina"},
    "person.family_name": {"ar": "بناني", "latin": "Bennani"},
    "person.birth_date": "1984-03-09",
    "person.sex": "F",
    "person.nationality": "MAR",
}


@pytest.fixture
async def register(database: Database, clean: None, keys: KeyRing) -> Register:
    return await Register(database, keys).set_up()


async def issued(register: Register, call: Call, *chosen: Attested, lang: Lang = Lang.FR, **more: Any) -> UUID:
    return await register.change(
        lambda c, r: issue_attestation(c, call, r, issuer=ISSUER, chosen=chosen or [Attested.NAME], lang=lang, **more), call
    )


async def seen(register: Register, call: Call, its: UUID) -> AttestationView:
    return await register.read(lambda r: attestation(r, call, attestation=its), call)


async def counts(register: Register, number: str, part: str | None = None, **later: float) -> bool:
    call = at_the_door(NOW + timedelta(**later), address=f"203.0.113.{uuid4().int % 250}")
    return await register.read(lambda r: check_attestation(r, call, number=number, part=part), call)


async def refused(act: Awaitable[object], fault: type[Exception]) -> Any:
    with pytest.raises(fault) as refusal:
        await act
    return refusal.value


async def test_it_says_what_was_chosen_and_nothing_else_signed_for_whoever_has_the_public_keys(
    register: Register, keys: KeyRing
) -> None:
    person = await register.person(birth_place=CASABLANCA)
    call = await register.signed_in(person)
    view = await seen(register, call, await issued(register, call, *ALL, days=30))
    assert view.signed is not None
    found = verify_attestation(view.signed, keys.jwks())
    place = {"code": CASABLANCA, "ar": found["attributes"]["person.residence"]["ar"], "fr": "Casablanca"}
    assert found["attributes"] == WHOLE | {
        "person.idcs": person.idcs.text,
        "person.birth_place": place,
        "person.residence": place,
    }
    assert (found["iss"], found["number"], found["lang"]) == (ISSUER, view.number, "FR")
    document = read(found)
    assert (document.issued_at, document.expires_at) == (NOW, NOW + timedelta(days=30))
    assert (view.state, view.attributes) == (AttestationState.VALID, [each for each in attested.NAMES if each in ALL])
    assert verhoeff_valid(view.number)
    entries = await register.entries(person.person_id, "issueAttestation")
    assert set(entries[0][1]["uses"]) == {*WHOLE, "person.idcs", "person.birth_place", "person.residence"}

    less = await seen(register, call, await issued(register, call, Attested.IDCS_MASKED, Attested.SEX, lang=Lang.AR))
    assert less.signed is not None
    told = verify_attestation(less.signed, keys.jwks())
    assert told["attributes"] == {attested.MASKED: "******" + person.idcs.text[-4:], "person.sex": "F"}
    assert person.idcs.text not in urlsafe_b64decode(less.signed.split(".")[1] + "==").decode()
    assert less.expires_at == NOW + timedelta(days=90)
    assert less.number != view.number
    assert [each.signed for each in await register.read(lambda r: attestations(r, call), call)] == [None, None]


async def test_what_is_stored_of_it_is_sealed_and_its_digest_tells_nothing(register: Register) -> None:
    call = await register.signed_in(await register.person())
    first, second = [await seen(register, call, await issued(register, call, Attested.SEX)) for _ in range(2)]
    rows = await register.database.ask("select signed, digest, number from attestation")
    assert len({row["digest"] for row in rows}) == 2
    for row in rows:
        assert b"eyJ" not in row["signed"]
    assert first.signed is not None
    assert second.signed is not None
    salts = {orjson.loads(urlsafe_b64decode(text.split(".")[1] + "=="))["salt"] for text in (first.signed, second.signed)}
    assert len(salts) == 2


@pytest.mark.parametrize(
    ("chosen", "more", "path"),
    [
        ([], {}, ("attributes",)),
        ([Attested.IDCS, Attested.IDCS_MASKED], {}, ("attributes",)),
        ([Attested.BIRTH_PLACE], {}, ("attributes",)),  # not known of this person
        ([Attested.SEX], {"days": 0}, ("days",)),
        ([Attested.SEX], {"days": 366}, ("days",)),
        ([Attested.SEX], {"lang": Lang.EN}, ("lang",)),
    ],
)
async def test_what_cannot_be_attested_is_refused_and_leaves_nothing(
    register: Register, chosen: list[Attested], more: dict[str, Any], path: tuple[str, ...]
) -> None:
    call = await register.signed_in(await register.person())
    given_ = {"issuer": ISSUER, "chosen": chosen, "lang": Lang.FR} | more
    fault = await refused(register.change(lambda c, r: issue_attestation(c, call, r, **given_), call), Invalid)
    assert fault.path == path
    assert await register.count("attestation") == 0
    assert await register.count("identifier", "kind = 'ATTESTATION'") == 0


async def test_the_check_page_says_yes_or_no_for_every_reason_alike(register: Register) -> None:
    person = await register.person()
    call = await register.signed_in(person)
    its = await seen(register, call, await issued(register, call, days=10))
    assert its.signed is not None
    part = part_of(attested.digest_of(its.signed))
    spelt = f"{its.number[:4]} {its.number[4:8]}-{its.number[8:]}"
    for number in (its.number, spelt, its.number.translate({ord("0") + n: 0x660 + n for n in range(10)})):
        assert await counts(register, number)
        assert await counts(register, number, part)
    wrong = [
        await counts(register, its.number, part[:-1] + ("A" if part[-1] != "A" else "B")),
        await counts(register, its.number, ""),
        await counts(register, its.number, "é"),
        await counts(register, its.number, days=10),
        await counts(register, "100000000000", part),
        await counts(register, "x" * 50_000, part),
        await counts(register, ""),
    ]
    assert wrong == [False] * 7
    assert await counts(register, its.number, days=9, hours=23)
    await register.transact(lambda c: revoke_attestation(c, call, attestation=its.attestation_id))
    assert not await counts(register, its.number, part)
    # Nobody's sealed values were opened by any of this.
    assert await register.count("ledger_entry", "actor = 'NOBODY'") == 0


@pytest.mark.parametrize(
    ("status", "valid"), [("SUSPENDED", False), ("DECEASED", False), ("CANCELLED", False), ("ACTIVE", True)]
)
async def test_it_counts_while_the_record_does(register: Register, status: str, valid: bool) -> None:
    person = await register.person()
    call = await register.signed_in(person)
    its = await seen(register, call, await issued(register, call))
    await register.database.ask("update person set status = $2 where person_id = $1", person.person_id, status)
    assert await counts(register, its.number) is valid
    if status == "SUSPENDED":
        await refused(issued(register, call), Conflict)
        sql = "update person set status_until = $2 where person_id = $1"
        await register.database.ask(sql, person.person_id, NOW + timedelta(days=1))
        assert [await counts(register, its.number, days=days) for days in (0, 2)] == [False, True]


async def test_revoking_is_the_holders_alone_and_once(register: Register) -> None:
    amina, karim = await register.person(), await register.person()
    hers, his = await register.signed_in(amina), await register.signed_in(karim)
    its = await issued(register, hers)
    await refused(register.transact(lambda c: revoke_attestation(c, his, attestation=its)), NotFound)
    await refused(seen(register, his, its), NotFound)
    assert await register.read(lambda r: attestations(r, his), his) == []
    await register.transact(lambda c: revoke_attestation(c, hers, attestation=its))
    view = await seen(register, hers, its)
    assert (view.state, view.revoked_at) == (AttestationState.REVOKED, NOW)
    await refused(register.transact(lambda c: revoke_attestation(c, hers, attestation=its)), Conflict)
    late = await issued(register, hers, days=1)
    after = Call(hers.actor, NOW + timedelta(days=1), uuid7(NOW))
    assert (await seen(register, after, late)).state is AttestationState.EXPIRED
    await refused(register.transact(lambda c: revoke_attestation(c, after, attestation=late)), Conflict)


async def test_a_guardian_has_a_wards_and_loses_them_with_the_ward(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    call = await register.signed_in(guardian)
    for_ward = Call(replace(call.actor, person=ward.person_id), NOW, uuid7(NOW))
    its = await issued(register, for_ward)
    assert [each.attestation_id for each in await register.read(lambda r: attestations(r, for_ward), for_ward)] == [its]
    assert await register.read(lambda r: attestations(r, call), call) == []
    (leaf, details), *_ = await register.entries(ward.person_id, "issueAttestation")
    assert (leaf["on_behalf"], details["ground"]) == ("WARD", "WARD")


async def test_only_citizens_have_attestations(register: Register) -> None:
    call = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR")
    await refused(issued(register, call), Forbidden)
    await refused(register.read(lambda r: attestations(r, call), call), Forbidden)


async def test_so_many_stand_at_a_time(register: Register) -> None:
    call = await register.signed_in(await register.person())
    made = [await issued(register, call) for _ in range(MAX_STANDING)]
    await refused(issued(register, call), Conflict)
    await register.transact(lambda c: revoke_attestation(c, call, attestation=made[0]))
    await issued(register, call)


async def test_an_address_may_check_so_often_and_another_address_is_not_kept_out(register: Register) -> None:
    def check(address: str | None) -> Awaitable[bool]:
        call = at_the_door(address=address)
        return register.read(lambda r: check_attestation(r, call, number="1", part=None), call)

    for _ in range(CHECKS.limit):
        assert not await check("198.51.100.1")
    assert (await refused(check("198.51.100.1"), RateLimited)).retry_after > 0
    assert not await check("198.51.100.2")
    await refused(check(None), Forbidden)


# --- the signed document


def document(**changes: Any) -> Attestation:
    parts = {
        "number": "123456789012",
        "issuer": ISSUER,
        "lang": Lang.FR,
        "attributes": WHOLE,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=90),
    }
    return Attestation(**parts | changes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"v": 2},
        {"iss": None},
        {"lang": "EN"},
        {"attributes": {}},
        {"attributes": {"person.cnie": "A1"}},
        {"attributes": {"person.given_name": "Amina"}},
        {"attributes": {"person.birth_date": "1984-13"}},
        {"attributes": {"person.residence": {"code": "06"}}},
        {"expires": "tomorrow"},
        {"expires": "2026-03-14T10:30:00"},
        {"more": 1},
    ],
)
def test_what_has_not_the_form_does_not_verify_though_it_be_signed(keys: KeyRing, wrong: dict[str, Any]) -> None:
    payload = orjson.loads(urlsafe_b64decode(attested.sign(document(), keys.signer).split(".")[1] + "=="))
    assert verify_attestation(sign_compact({"typ": TYPE}, payload, keys.signer), keys.jwks()) == payload
    for text in (
        sign_compact({"typ": TYPE}, payload | wrong, keys.signer),
        sign_compact({"typ": "sijil-consent-receipt+jws"}, payload, keys.signer),
    ):
        with pytest.raises(Invalid, match=r"^the attestation does not verify$"):
            verify_attestation(text, keys.jwks())


@given(st.data())
def test_no_changed_text_verifies(keys: KeyRing, data: st.DataObject) -> None:
    text = attested.sign(document(), keys.signer)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.text(max_size=3)) + text[at + 1 :]
    if other != text:
        with pytest.raises(Invalid):
            verify_attestation(other, keys.jwks())


# --- the paper


@pytest.fixture(scope="module")
def papers() -> Papers:
    return Papers(VENDOR / "fonts")


def needs_font(papers: Papers) -> None:
    if not papers.arabic:
        pytest.skip("THE FONT OF ARABIC PAPERS IS NOT INSTALLED (make set-up, with the npm registry in reach)")


@pytest.mark.parametrize("lang", [Lang.AR, Lang.FR])
async def test_a_paper_is_one_page_and_the_same_each_time(papers: Papers, keys: KeyRing, lang: Lang) -> None:
    needs_font(papers)
    long = {"ar": "عبد " * 25, "latin": "Abd " * 25}
    place = {"code": "06.141", "ar": "الدار البيضاء", "fr": "Casablanca"}
    values = WHOLE | {"person.family_name": long, "person.birth_place": place, "person.residence": place, "person.idcs": "1"}
    its = document(lang=lang, attributes=values)
    signed = attested.sign(its, keys.signer)
    first, second = await papers.pdf(its, signed), await papers.pdf(its, signed)
    assert first.startswith(b"%PDF-")
    assert first == second
    assert len(await papers.pictures(its, signed)) == 1


CODE = '#panic("read") "] #read("/etc/passwd") $x$ <a> @b \\ // `x` #{sys.inputs}'


async def test_no_name_is_read_as_code(papers: Papers, keys: KeyRing) -> None:
    its = document(
        attributes={"person.given_name": {"ar": None, "latin": CODE}, "person.sex": CODE, "person.nationality": "XXX"}
    )
    plain = document(attributes={"person.given_name": {"ar": None, "latin": "Amina"}, "person.sex": "F"})
    made, usual = [await papers.pdf(each, attested.sign(each, keys.signer)) for each in (its, plain)]
    assert made.startswith(b"%PDF-")
    assert abs(len(made) - len(usual)) < 40_000
    assert orjson.loads(inputs_of(its, "x", arabic=True)["data"])["rows"][0]["values"] == [{"script": "latin", "text": CODE}]


async def test_without_its_font_no_paper_in_arabic_is_made(tmp_path: Path, keys: KeyRing) -> None:
    bare = Papers(tmp_path / "nothing")
    assert not bare.arabic
    arabic = document(lang=Lang.AR)
    with pytest.raises(Invalid, match="font") as refusal:
        bare.refuse_unless_possible(Lang.AR, "lang")
    assert refusal.value.path == ("lang",)
    bare.refuse_unless_possible(Lang.FR, "lang")
    await refused(bare.pdf(arabic, attested.sign(arabic, keys.signer)), Unavailable)
    french = document()
    assert (await bare.pdf(french, attested.sign(french, keys.signer))).startswith(b"%PDF-")
    shown = orjson.loads(inputs_of(french, "x", arabic=False)["data"])["rows"]
    assert [value["script"] for row in shown for value in row["values"]] == ["latin"] * 5
    nameless = document(attributes={"person.given_name": {"ar": "أمينة", "latin": None}})
    await refused(bare.pdf(nameless, "x"), Unavailable)


def test_the_address_of_the_code_holds_nothing_of_the_person(keys: KeyRing) -> None:
    signed = attested.sign(document(), keys.signer)
    address = attested.check_address(ISSUER, "123456789012", attested.digest_of(signed))
    assert re.fullmatch(re.escape(ISSUER) + r"/check/123456789012\?s=[\w-]{16}", address)
    inputs = inputs_of(document(), signed, arabic=True)
    assert inputs["check"].startswith("<svg")
    assert "proof" in inputs
    assert "proof" not in inputs_of(document(), signed + "x" * 2_000, arabic=True)
