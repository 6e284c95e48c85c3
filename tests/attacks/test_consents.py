"""Getting more out of consents than people gave: by links, by ids of others, by time, at once, by growing, by guessing."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from access.call import Call, system
from access.rights import Role, Scope
from core.ids import uuid7
from identity.consent_checks import check_consents
from tests.api.consenting import (
    ALL_ASKED,
    ANSWER,
    ASKED,
    ATTRIBUTES,
    BY_LINK,
    INVALIDATE,
    MINE,
    PAUSE,
    PERSON,
    REQUEST,
    RESUME,
    STRANGER,
    WITHDRAW,
    Asking,
    rows,
    somebody,
    token_of,
)
from tests.api.people import Browser, People, user_errors
from tests.api.serving import Caller, Instance, codes, listening, request_of

PLENTY = {"uses": 1_000, "per": "DAY"}


@pytest.fixture(scope="module")
def people(attacked: Instance) -> People:
    return People(attacked)


@pytest.fixture
def asking(attacked: Instance) -> Asking:
    return Asking.of(attacked)


@pytest.fixture
def victim(attacked: Instance, people: People) -> tuple[str, UUID, Browser]:
    return somebody(attacked, people)


@pytest.fixture
def attacker(attacked: Instance, people: People) -> Browser:
    return somebody(attacked, people, "match")[2]


def grant(browser: Browser, consent: str, *attributes: str) -> dict[str, Any]:
    return browser.change(ANSWER, consent=consent, attributes=list(attributes or ATTRIBUTES), lang="FR")


def opened(browser: Browser, token: str) -> Any:
    return browser.data(BY_LINK, {"token": token})["consentByLink"]


# Links


def test_a_link_is_of_no_use_to_anybody_else_nor_twice_nor_for_long(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser], attacker: Browser
) -> None:
    idcs, _, browser = victim
    asked = asking.request(idcs)
    made, token = asked["consent"]["id"], token_of(asked, attacked)
    of_nobody = token_of(asking.request(STRANGER), attacked)
    answers = {attacker.ask(BY_LINK, {"token": each}).json()["data"]["consentByLink"] for each in (token, of_nobody, "x", "")}
    assert answers == {None}
    assert user_errors(grant(attacker, made)) == [("NOT_FOUND", ("consent",))]
    assert opened(browser, token)["id"] == made
    assert opened(browser, token)["id"] == made, "to look is not to answer"
    assert grant(browser, made, "person.sex")["userErrors"] == []
    assert opened(browser, token) is None
    assert user_errors(grant(browser, made)) == [("CONFLICT", ())]
    assert asking.reads(idcs) == {"person.sex"}


def test_after_ten_minutes_a_link_leads_nowhere_and_the_request_is_over(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    """On a process whose clock is ten minutes further on."""
    idcs, _, browser = victim
    asked = asking.request(idcs)
    made, token = asked["consent"]["id"], token_of(asked, attacked)
    with later(attacked, timedelta(minutes=10)) as base:
        late = Browser(attacked, browser.token, base)
        assert opened(late, token) is None
        for attributes in (ATTRIBUTES, ()):
            payload = late.change(ANSWER, consent=made, attributes=list(attributes), lang="FR")
            assert user_errors(payload) == [("CONFLICT", ())]
        assert late.data(MINE, {"id": made})["me"]["consent"]["state"] == "LAPSED"
    assert opened(browser, token)["id"] == made


def later(instance: Instance, by: timedelta) -> Any:
    """The address of a process on the same database, whose clock is ahead."""
    return instance.serve_here(lambda: instance.now() + by)


def test_links_are_not_to_be_guessed_and_stand_nowhere(attacked: Instance, asking: Asking) -> None:
    tokens = [token_of(asking.request(STRANGER), attacked) for _ in range(5)]
    assert len({*tokens}) == 5
    assert all(len(token) == 22 for token in tokens)
    for table in ("consent", "consent_revision", "done", "message"):
        for row in attacked.sql(f"select to_jsonb(t)::text as text from {table} t"):
            assert not any(token in row["text"] for token in tokens)
    log = attacked.log.read_text()
    assert not any(token in log for token in tokens)


# Ids of others


def test_ids_of_others_lead_nowhere_in_any_argument(
    attacked: Instance, people: People, asking: Asking, victim: tuple[str, UUID, Browser], attacker: Browser
) -> None:
    idcs, person, browser = victim
    given, open_ = asking.granted(browser, idcs), asking.requested(idcs)
    other = Asking.of(attacked)
    own = other.requested(idcs)
    before = rows(attacked)
    for consent in (given, open_, own, str(person), str(asking.agency.agency_id), str(uuid7(attacked.now()))):
        for document in (WITHDRAW, PAUSE, RESUME):
            assert user_errors(attacker.change(document, consent=consent)) == [("NOT_FOUND", ("consent",))]
        assert user_errors(grant(attacker, consent)) == [("NOT_FOUND", ("consent",))]
        assert attacker.data(MINE, {"id": consent})["me"]["consent"] is None
    for consent in (given, open_):
        assert codes(other.caller.ask(ASKED, {"id": consent})) == [("NOT_FOUND", ("consent",))]
        answer = other.caller.ask(PERSON, {"s": {"idcs": idcs}, "c": consent})
        assert codes(answer) == [("WITHHELD", ("person",))], "a consent to another agency is none"
    publisher = people.staff(Role.PUBLISHER).caller()
    for agency, consent in ((other.agency.agency_id, given), (person, given), (asking.agency.agency_id, str(person))):
        payload = publisher.change(INVALIDATE, agency=str(agency), consent=consent, reason="BY_ORDER")
        assert user_errors(payload) == [("NOT_FOUND", ("consent",))]
    assert rows(attacked) == before


def test_a_consent_of_one_person_opens_nothing_of_another(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    idcs, _, browser = victim
    made = asking.granted(browser, idcs)
    for other in (attacked.persona("match")["idcs"], STRANGER):
        assert asking.reads(other, made) is None


# More than was given


def test_a_consent_is_never_wider_than_what_was_asked_and_granted(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    idcs, _, browser = victim
    before = asking.granted(browser, idcs, "person.sex", attributes=["person.sex", "person.given_name"])
    wider = grant(browser, before)
    assert user_errors(wider)[0][0] in ("CONFLICT", "INVALID")
    assert asking.reads(idcs) == {"person.sex"}
    # The agreement and the notice grow; the consent does not.
    terms = {name: {"uses": ["RELEASE"]} for name in (*ATTRIBUTES, "person.cnie")}
    asking.agency.publish_agreement(version=2, purposes=["SERVICE_DELIVERY"], attributes=terms)
    assert asking.reads(idcs) == {"person.sex"}
    assert asking.reads(idcs, before) == {"person.sex"}


def test_what_the_agreement_loses_no_consent_keeps(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    idcs, _, browser = victim
    asking.granted(browser, idcs)
    terms = {"person.sex": {"uses": ["RELEASE"]}}
    asking.agency.publish_agreement(version=2, purposes=["SERVICE_DELIVERY"], attributes=terms)
    assert asking.reads(idcs) == {"person.sex"}


@pytest.mark.parametrize("how", ["paused", "withdrawn", "declined", "invalid", "lapsed", "expired", "exhausted"])
def test_what_does_not_hold_opens_nothing(
    attacked: Instance, people: People, asking: Asking, victim: tuple[str, UUID, Browser], how: str
) -> None:
    idcs, _, browser = victim
    limit = {"uses": 1, "per": "IN_ALL"} if how == "exhausted" else PLENTY
    made = asking.requested(idcs, frequency=limit, validDays=1)
    if how == "declined":
        assert browser.change(ANSWER, consent=made, attributes=[], lang="FR")["userErrors"] == []
    elif how != "lapsed":
        assert grant(browser, made)["userErrors"] == []
        assert asking.reads(idcs) == set(ATTRIBUTES)
    if how in ("paused", "withdrawn"):
        browser.change({"paused": PAUSE, "withdrawn": WITHDRAW}[how], consent=made)
    if how == "invalid":
        its = {"agency": str(asking.agency.agency_id), "consent": made, "reason": "NOT_ENTITLED"}
        assert people.staff(Role.PUBLISHER).caller().change(INVALIDATE, **its)["userErrors"] == []
    ahead = timedelta(days=1) if how == "expired" else timedelta(minutes=10) if how == "lapsed" else timedelta()
    with later(attacked, ahead) as base:
        caller = Ahead(asking.agency, ahead, base)
        for consent in (None, made):
            assert asking.reads(idcs, consent, caller) is None


class Ahead(Caller):
    """An agency whose clock is ahead, as that of the process it asks."""

    def __init__(self, agency: Any, by: timedelta, base: str) -> None:
        super().__init__(agency, base=base)
        self._by = by

    def seconds(self) -> int:
        return super().seconds() + int(self._by.total_seconds())


# At once


def test_of_parallel_answers_one_counts(attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]) -> None:
    idcs, _, browser = victim
    made = asking.requested(idcs)
    with attacked.serve(listening()) as base, ThreadPoolExecutor(8) as pool:
        browsers = [Browser(attacked, browser.token, address) for address in (None, base) * 4]
        wishes = [ATTRIBUTES, (), ATTRIBUTES[:1], ATTRIBUTES[1:]] * 2
        tried = list(pool.map(lambda pair: answered(pair[0], made, pair[1]), zip(browsers, wishes, strict=True)))
    assert sorted(len(errors) for errors in tried) == [0] + [1] * 7
    assert {errors[0] for errors in tried if errors} == {("CONFLICT", ())}
    assert attacked.count("consent_revision", "consent_id = $1", UUID(made)) == 2


def answered(browser: Browser, consent: str, attributes: tuple[str, ...]) -> list[Any]:
    return user_errors(browser.change(ANSWER, consent=consent, attributes=list(attributes), lang="FR"))


def test_twenty_parallel_questions_against_three_uses_are_answered_three_times(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    idcs, _, browser = victim
    made = asking.granted(browser, idcs, frequency={"uses": 3, "per": "IN_ALL"})
    with attacked.serve(listening()) as base, ThreadPoolExecutor(20) as pool:
        callers = [asking.agency.caller(base=address) for address in (None, base) * 10]
        assert all(caller.token for caller in callers)
        found = list(pool.map(lambda caller: asking.reads(idcs, caller=caller), callers))
    assert sum(each is not None for each in found) == 3
    assert [each for each in found if each is not None] == [set(ATTRIBUTES)] * 3
    assert asking.state(made) == "EXHAUSTED"
    (row,) = attacked.sql("select used from counter where kind = 'CONSENT' and owner_id = $1", UUID(made))
    assert row["used"] == 3


def test_a_single_use_serves_once_within_one_batch(attacked: Instance, victim: tuple[str, UUID, Browser]) -> None:
    idcs, _, browser = victim
    asking = Asking.of(attacked)
    terms = {name: {"uses": ["MATCH", "RELEASE"]} for name in ATTRIBUTES}
    asking.agency.publish_agreement(version=2, purposes=["SERVICE_DELIVERY"], attributes=terms)
    asking.granted(browser, idcs, frequency={"uses": 1, "per": "IN_ALL"})
    row = request_of(attacked.persona("no-consent"), "given_name", "sex")
    answers = asking.caller.verify([row] * 5, purpose="SERVICE_DELIVERY")
    assert [answer["confirmed"] for answer in answers] == [True, False, False, False, False]
    assert asking.caller.verify([row], purpose="SERVICE_DELIVERY")[0]["confirmed"] is False
    aliases = " ".join(f'p{n}: person(subject: {{idcs: "{idcs}"}}, purpose: SERVICE_DELIVERY) {{ sex }}' for n in range(3))
    assert set(asking.caller.ask(f"{{ {aliases} }}").json()["data"].values()) == {None}


# Who is there


@pytest.mark.parametrize("method", ["LINK", "NOTICE"])
def test_a_request_does_not_tell_who_is_on_record(attacked: Instance, asking: Asking, method: str) -> None:
    """Equal bytes but for id and link, equal rows; for whoever cannot be asked as for a number that nobody has."""
    known = attacked.persona("no-consent")["idcs"]
    others = [attacked.persona(name)["idcs"] for name in ("deceased", "suspended", "locked")]
    at = attacked.now() + timedelta(days=20)
    shapes, written = [], []
    for idcs in (known, STRANGER, *others):
        before = rows(attacked)
        wish = asking.wish(idcs, method=method, validDays=None, validTo=at.isoformat())
        answer = asking.caller.ask(REQUEST, {"input": wish})
        after = rows(attacked)
        shapes.append(blanked(answer.json(), answer.headers))
        written.append({table: after[table] - before[table] for table in after})
        made = answer.json()["data"]["requestConsent"]["consent"]["id"]
        shapes[-1] += (blanked(asking.caller.ask(ASKED, {"id": made}).json(), {}),)
    assert all(shape == shapes[0] for shape in shapes)
    assert all(each == written[0] for each in written)
    page = asking.caller.data(ALL_ASKED, {"first": 5})["consents"]["edges"]
    assert len({json.dumps(blank(edge["node"])) for edge in page}) == 1


def blanked(answer: Any, headers: Any) -> tuple[Any, ...]:
    """The answer without what differs from one request to the next, its length, and the names of its headers."""
    text = json.dumps(blank(answer))
    return text, len(json.dumps(answer)), sorted(headers)


def blank(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = ("id", "link", "requestId", "askedAt", "answerBy", "validFrom", "changedAt")
        return {name: None if name in hidden else blank(part) for name, part in value.items()}
    return [blank(part) for part in value] if isinstance(value, list) else value


def test_a_stranger_is_asked_no_more_often_than_anybody_else(attacked: Instance, asking: Asking) -> None:
    known = attacked.persona("no-consent")["idcs"]
    outcomes = []
    for idcs in (known, STRANGER):
        for _ in range(5):
            asking.requested(idcs)
        answer = asking.caller.ask(REQUEST, {"input": asking.wish(idcs)})
        outcomes.append((answer.status_code, codes(answer), 0 < int(answer.headers["retry-after"]) <= 601))
    assert outcomes[0] == outcomes[1] == (429, [("RATE_LIMITED", ())], True)


# Who reaches the database


def test_who_widens_a_consent_in_the_database_is_found_out(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    idcs, _, browser = victim
    made = asking.granted(browser, idcs, "person.sex")
    auditor = Call(system("tests", Scope.LEDGER_READ), attacked.now(), uuid7(attacked.now()))

    def altered() -> list[UUID]:
        return attacked.backstage.run(check_consents(attacked.database, auditor)).named

    assert altered() == []
    attacked.sql("update consent set attributes = requested where consent_id = $1", UUID(made))
    try:
        assert altered() == [UUID(made)]
        assert codes(browser.ask(WITHDRAW, {"input": {"consent": made}})) == [("INTERNAL", ())]
    finally:
        attacked.sql("update consent set attributes = array['person.sex'] where consent_id = $1", UUID(made))
    assert altered() == []
    assert browser.change(WITHDRAW, consent=made)["userErrors"] == []


def test_what_was_consented_to_is_not_changed_by_the_order_of_clocks(
    attacked: Instance, asking: Asking, victim: tuple[str, UUID, Browser]
) -> None:
    """Granted on a process whose clock is ahead, it is taken back at once on one whose clock is not."""
    idcs, _, browser = victim
    made = asking.requested(idcs)
    with later(attacked, timedelta(seconds=30)) as base:
        assert grant(Browser(attacked, browser.token, base), made)["userErrors"] == []
    assert browser.change(WITHDRAW, consent=made)["userErrors"] == []
    assert asking.reads(idcs) is None
