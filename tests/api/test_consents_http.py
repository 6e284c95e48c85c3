"""Consents over real HTTP: an agency asks, a person answers, and what is taken back opens nothing from the next question on."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from access.consent_receipts import verify_receipt
from access.rights import Role
from tests.api.commanding import told as command
from tests.api.consenting import (
    ALL_ASKED,
    ALL_MINE,
    ANSWER,
    ASKED,
    ATTRIBUTES,
    BY_LINK,
    INVALIDATE,
    MINE,
    PAUSE,
    PREVIEWED,
    REQUEST,
    RESUME,
    STRANGER,
    WITHDRAW,
    Asking,
    Asks,
    change,
    rows,
    somebody,
    token_of,
)
from tests.api.people import Browser, People, user_errors
from tests.api.serving import Instance, codes, listening

TWO = ("person.given_name", "person.sex")


@pytest.fixture(scope="module")
def people(served: Instance) -> People:
    return People(served)


@pytest.fixture
def asking(served: Instance) -> Asking:
    return Asking.of(served)


@dataclass(frozen=True)
class Asked:
    """Somebody who is asked."""

    idcs: str
    person: UUID
    browser: Browser


@pytest.fixture
def sanae(served: Instance, people: People) -> Asked:
    return Asked(*somebody(served, people))


@pytest.fixture
def karim(served: Instance, people: People) -> Asked:
    return Asked(*somebody(served, people, "match"))


# The whole way


def test_from_the_question_to_the_answer_and_back(served: Instance, asking: Asking, sanae: Asked) -> None:
    assert asking.reads(sanae.idcs) is None
    asked = asking.request(sanae.idcs, reference="case-7", frequency={"uses": 10, "per": "DAY"})
    assert asked["userErrors"] == []
    made = asked["consent"]["id"]
    assert asked["consent"] | {"granted": [], "state": "REQUESTED", "reference": "case-7"} == asked["consent"]
    assert asking.reads(sanae.idcs) is None, "what was only asked for opens nothing"
    opened = sanae.browser.data(BY_LINK, {"token": token_of(asked, served)})["consentByLink"]
    assert opened["id"] == made
    assert opened["agency"]["code"] == asking.agency.code
    assert [(each["name"], each["granted"]) for each in opened["attributes"]] == [(name, False) for name in ATTRIBUTES]
    assert opened["notice"]["title"] == {"ar": "طلب الموافقة", "fr": "Votre accord", "en": "Your consent"}
    assert (opened["receipt"], opened["receiptNumber"]) == (None, None)
    answered = sanae.browser.change(ANSWER, consent=made, attributes=list(TWO), lang="AR")
    assert answered["userErrors"] == []
    given = answered["consent"]
    assert (given["state"], given["granted"], given["usesLeft"]) == ("GRANTED", list(TWO), 10)
    assert asking.reads(sanae.idcs) == set(TWO), "the third is withheld"
    assert asking.reads(sanae.idcs, made) == set(TWO)
    seen = asking.caller.data(ASKED, {"id": made})["consent"]
    assert (seen["state"], seen["granted"], seen["usesLeft"]) == ("GRANTED", list(TWO), 8)
    jwks = httpx.get(f"{served.issuer}/.well-known/jwks.json").json()
    proven = verify_receipt(given["receipt"], jwks)
    assert proven["record"]["pii_granted"] == list(TWO)
    assert proven["iss"] == served.issuer
    taken = sanae.browser.change(WITHDRAW, consent=made)["consent"]
    assert asking.reads(sanae.idcs) is None
    assert asking.reads(sanae.idcs, made) is None
    assert taken["state"] == asking.state(made) == "WITHDRAWN"
    assert [(step["event"], step["by"], step["attributes"]) for step in taken["revisions"]] == [
        ("REQUESTED", "AGENCY", []),
        ("GRANTED", "CITIZEN", list(TWO)),
        ("WITHDRAWN", "CITIZEN", list(TWO)),
    ]
    assert taken["revisions"][-1]["hash"] == verify_receipt(taken["receipt"], jwks)["hash"]


def test_what_is_taken_back_or_paused_opens_nothing_on_another_process_either(
    served: Instance, asking: Asking, sanae: Asked
) -> None:
    with served.serve(listening()) as base:
        elsewhere, there = asking.agency.caller(base=base), Browser(served, sanae.browser.token, base)
        made = asking.granted(sanae.browser, sanae.idcs)
        for act, browser, read in (
            (PAUSE, sanae.browser, None),
            (RESUME, there, set(ATTRIBUTES)),
            (PAUSE, there, None),
            (RESUME, sanae.browser, set(ATTRIBUTES)),
            (WITHDRAW, there, None),
        ):
            assert browser.change(act, consent=made)["userErrors"] == []
            for caller in (asking.caller, elsewhere):
                assert asking.reads(sanae.idcs, caller=caller) == read


def test_an_officer_asks_by_a_message_and_sees_what_became_of_it(
    served: Instance, people: People, asking: Asking, sanae: Asked
) -> None:
    officer = people.officer(asking.agency, office=people.office(asking.agency)).caller()
    before = told(served, sanae)
    payload = asking.request(sanae.idcs, caller=officer, method="NOTICE")
    assert (payload["userErrors"], payload["link"]) == ([], None)
    made = payload["consent"]["id"]
    assert told(served, sanae) - before == {"CONSENT_ASKED": 1}
    assert sanae.browser.data(MINE, {"id": made})["me"]["consent"]["state"] == "REQUESTED"
    assert sanae.browser.change(ANSWER, consent=made, attributes=[], lang="FR")["consent"]["state"] == "DECLINED"
    assert officer.data(ASKED, {"id": made})["consent"]["state"] == "DECLINED"
    limited = people.officer(asking.agency, purposes=[]).caller()
    assert codes(limited.ask(ASKED, {"id": made})) == [("NOT_FOUND", ("consent",))]
    assert codes(limited.ask(REQUEST, {"input": asking.wish(sanae.idcs)})) == [("FORBIDDEN", ("requestConsent",))]


def told(served: Instance, asked: Asked) -> Counter[str]:
    """What somebody was told so far."""
    return Counter(row["notice"] for row in served.sql("select notice from message where owner_id = $1", asked.person))


def test_an_officer_of_the_demonstration_asks_a_persona(served: Instance, people: People) -> None:
    """Without consent before; the notice is there in three languages."""
    agency = served.demo_agency("GRANTS_DEMO")
    officer = people.officer(agency).caller()
    idcs, _, browser = somebody(served, people)
    wished = {
        "subject": {"idcs": idcs},
        "purpose": "SERVICE_DELIVERY",
        "attributes": ["person.given_name", "person.family_name", "person.birth_date"],
        "validDays": 30,
        "method": "NOTICE",
    }
    (previewed,) = officer.data(PREVIEWED, {"input": wished}).values()
    made = change(officer, REQUEST, **wished)["consent"]["id"]
    mine = browser.data(MINE, {"id": made})["me"]["consent"]
    assert mine["notice"] == previewed["preview"]["notice"]
    assert mine["attributes"] == previewed["preview"]["attributes"]
    assert all(len(text) > 40 for part in ("title", "body", "why") for text in mine["notice"][part].values())
    assert change(browser, ANSWER, consent=made, attributes=[], lang="FR")["userErrors"] == []


# Repeats and what is to be mended


def test_a_repeated_request_gives_the_same_link_and_asks_once(served: Instance, asking: Asking, sanae: Asked) -> None:
    first = asking.request(sanae.idcs, requestKey="one")
    before = rows(served)
    again = asking.request(sanae.idcs, requestKey="one")
    assert (again["consent"]["id"], again["link"]) == (first["consent"]["id"], first["link"])
    assert rows(served) == before
    other = asking.request(sanae.idcs, requestKey="one", validDays=29)
    assert user_errors(other) == [("CONFLICT", ("requestKey",))]
    token = token_of(first, served)
    (kept,) = served.sql("select outcome::text as text from done where outcome ->> 'consent' = $1", first["consent"]["id"])
    assert token not in kept["text"]


def test_an_answer_that_is_sent_twice_is_given_once(asking: Asking, sanae: Asked) -> None:
    made = asking.requested(sanae.idcs)
    given = {"consent": made, "attributes": list(TWO), "lang": "FR", "requestKey": "answer"}
    first, again = (sanae.browser.change(ANSWER, **given) for _ in range(2))
    assert first["userErrors"] == again["userErrors"] == []
    assert len(again["consent"]["revisions"]) == 2
    without_key = sanae.browser.change(ANSWER, **given | {"requestKey": None})
    assert user_errors(without_key) == [("CONFLICT", ())]
    assert without_key["consent"] is None


def test_what_is_wrong_with_a_request_is_told_at_its_place_and_leaves_nothing(
    served: Instance, asking: Asking, sanae: Asked
) -> None:
    before = rows(served)
    for changes, path in (
        ({"attributes": ["person.sex", "person.cnie"]}, ("attributes", "1")),
        ({"attributes": ["person.nothing"]}, ("attributes", "0")),
        ({"attributes": []}, ("attributes",)),
        ({"validDays": 301}, ("validDays",)),
        ({"validTo": "2020-01-01T00:00:00Z", "validDays": None}, ("validTo",)),
        ({"validDays": None}, ("validDays",)),
        ({"frequency": {"uses": 0, "per": "DAY"}}, ("frequency", "uses")),
        ({"reference": "a b"}, ("reference",)),
        ({"method": "IMPORTED"}, ("method",)),
        ({"subject": {"idcs": "1"}}, ("subject", "idcs")),
        ({"subject": {"token": "x"}}, ("subject", "token")),
    ):
        wished = asking.wish(sanae.idcs, **changes)
        for document in (REQUEST, PREVIEWED):
            payload = change(asking.caller, document, **wished)
            assert user_errors(payload) == [("INVALID", path)], changes
    assert rows(served) == before


def test_what_was_not_asked_for_is_told_at_its_place(served: Instance, asking: Asking, sanae: Asked) -> None:
    made = asking.requested(sanae.idcs)
    before = rows(served)
    payload = sanae.browser.change(ANSWER, consent=made, attributes=["person.sex", "person.cnie"], lang="FR")
    assert user_errors(payload) == [("INVALID", ("attributes", "1"))]
    for wrong in ("1", "x", made.upper() + "0"):
        assert user_errors(sanae.browser.change(WITHDRAW, consent=wrong)) == [("INVALID", ("consent",))]
    assert rows(served) == before


def test_a_preview_shows_it_in_three_languages_and_writes_nothing(served: Instance, asking: Asking, sanae: Asked) -> None:
    before = rows(served)
    wished = asking.wish(sanae.idcs, method="NOTICE", frequency={"uses": 3, "per": "MONTH"})
    preview = change(asking.caller, PREVIEWED, **wished)["preview"]
    assert rows(served) == before
    assert preview["notice"]["body"]["fr"].startswith("Nous demandons")
    assert [each["name"] for each in preview["attributes"]] == list(ATTRIBUTES)
    assert preview["attributes"][2]["label"] == {"ar": "الجنس", "fr": "Sexe", "en": "Sex"}
    assert preview["frequency"] == {"uses": 3, "per": "MONTH"}
    assert timestamp(preview["validTo"]) - timestamp(preview["validFrom"]) == timedelta(days=30)
    assert timestamp(preview["answerBy"]) - timestamp(preview["validFrom"]) == timedelta(days=14)


def timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Lists


def test_both_sides_list_newest_first_and_a_cursor_is_of_one_list_of_one_caller(
    asking: Asking, sanae: Asked, karim: Asked, served: Instance
) -> None:
    made = [asking.requested(sanae.idcs) for _ in range(3)]
    mine = sanae.browser.data(ALL_MINE, {"first": 2})["me"]["consents"]
    assert [edge["node"]["id"] for edge in mine["edges"]] == made[:0:-1]
    assert [len(edge["node"]["revisions"]) for edge in mine["edges"]] == [1, 1]
    rest = sanae.browser.data(ALL_MINE, {"first": 1, "after": mine["pageInfo"]["endCursor"]})["me"]["consents"]
    assert rest["edges"][0]["node"]["id"] == made[0]
    its = asking.caller.data(ALL_ASKED, {"first": 2})["consents"]
    assert [edge["node"]["id"] for edge in its["edges"]] == made[:0:-1]
    assert its["pageInfo"]["hasNextPage"] is True
    other = Asking.of(served).caller
    for caller, document, cursor, path in (
        (karim.browser, ALL_MINE, mine["pageInfo"]["endCursor"], ("me", "consents")),
        (sanae.browser, ALL_MINE, its["pageInfo"]["endCursor"], ("me", "consents")),
        (other, ALL_ASKED, its["pageInfo"]["endCursor"], ("consents",)),
        (asking.caller, ALL_ASKED, mine["pageInfo"]["endCursor"], ("consents",)),
    ):
        assert codes(caller.ask(document, {"after": cursor})) == [("INVALID", path)]


def test_a_list_without_histories_does_not_read_them(sanae: Asked, asking: Asking) -> None:
    made = asking.requested(sanae.idcs)
    found = sanae.browser.data("{ me { consents(first: 1) { edges { node { id state } } } } }")["me"]["consents"]
    assert found == {"edges": [{"node": {"id": made, "state": "REQUESTED"}}]}


def test_in_an_assisted_session_the_consents_alone_are_open(
    people: People, asking: Asking, sanae: Asked, served: Instance
) -> None:
    made = asking.requested(sanae.idcs)
    agent = people.staff(Role.CENTRE_AGENT)
    wrong = people.assisted(sanae.person, agent, "ACCESSES")
    assert codes(wrong.ask(ANSWER, {"input": {"consent": made, "attributes": [], "lang": "FR"}})) == [
        ("FORBIDDEN", ("answerConsent",))
    ]
    beside, before = people.assisted(sanae.person, agent, "CONSENTS"), told(served, sanae)
    given = beside.change(ANSWER, consent=made, attributes=["person.sex"], lang="AR")["consent"]
    assert (given["method"], given["revisions"][-1]["assisted"]) == ("ASSISTED", True)
    assert (told(served, sanae) - before).keys() == {"CONSENT_GIVEN", "ASSISTED"}


# Four callers


@dataclass(frozen=True)
class Case:
    """A mutation: its input about the consent that Sanae has given (or was asked for)."""

    document: str
    given: Callable[[Asking, str], Mapping[str, Any]]
    asked_only: bool = False


def _its(_: Asking, made: str) -> Mapping[str, Any]:
    return {"consent": made}


OF_CITIZENS = {
    "answerConsent": Case(ANSWER, lambda _, made: {"consent": made, "attributes": list(TWO), "lang": "FR"}, asked_only=True),
    "withdrawConsent": Case(WITHDRAW, _its),
    "pauseConsent": Case(PAUSE, _its),
    "resumeConsent": Case(RESUME, _its),
}


def nobody(instance: Instance, document: str, given: Mapping[str, Any]) -> httpx.Response:
    return httpx.post(f"{instance.issuer}/graphql", json={"query": document, "variables": {"input": given}}, timeout=30)


@pytest.mark.parametrize("name", OF_CITIZENS)
def test_a_citizens_mutation_by_four_callers(
    served: Instance, people: People, asking: Asking, sanae: Asked, karim: Asked, name: str
) -> None:
    case = OF_CITIZENS[name]
    made = asking.requested(sanae.idcs) if case.asked_only else asking.granted(sanae.browser, sanae.idcs)
    if name == "resumeConsent":
        sanae.browser.change(PAUSE, consent=made)
    given, before = case.given(asking, made), rows(served)
    answer = nobody(served, case.document, given)
    assert (answer.status_code, [code for code, _ in codes(answer)]) == (401, ["UNAUTHENTICATED"])
    officer, staff = people.officer(asking.agency).caller(), people.staff(*Role).caller()
    for caller in (asking.caller, officer, staff):
        assert codes(caller.ask(case.document, {"input": dict(given)})) == [("FORBIDDEN", (name,))]
    assert user_errors(karim.browser.change(case.document, **given)) == [("NOT_FOUND", ("consent",))]
    assert rows(served) == before
    assert sanae.browser.change(case.document, **given)["userErrors"] == []
    assert served.count("consent_revision") == before["consent_revision"] + 1


def test_a_request_by_four_callers(served: Instance, people: People, asking: Asking, sanae: Asked) -> None:
    given, before = asking.wish(sanae.idcs), rows(served)
    assert nobody(served, REQUEST, given).status_code == 401
    without: Asks = asking.agency.caller(scope="self:read person:read")
    administrator = people.officer(asking.agency, role=Role.AGENCY_ADMINISTRATOR).caller()
    others: tuple[Asks, ...] = (without, administrator, people.staff(Role.PUBLISHER).caller(), sanae.browser)
    for caller in others:
        for document, name in ((REQUEST, "requestConsent"), (PREVIEWED, "previewConsent")):
            assert codes(caller.ask(document, {"input": given})) == [("FORBIDDEN", (name,))]
    other = served.enrol(purposes=["IDENTITY_PROOFING"]).caller()
    for document, name in ((REQUEST, "requestConsent"), (PREVIEWED, "previewConsent")):
        assert codes(other.ask(document, {"input": given})) == [("FORBIDDEN", (name,))]
    assert rows(served) == before
    assert change(asking.caller, REQUEST, **given)["userErrors"] == []
    assert served.count("consent") == before["consent"] + 1


def test_the_registrys_finding_by_four_callers(served: Instance, people: People, asking: Asking, sanae: Asked) -> None:
    made = asking.granted(sanae.browser, sanae.idcs)
    given = {"agency": str(asking.agency.agency_id), "consent": made, "reason": "UNDER_PRESSURE"}
    before = rows(served)
    assert nobody(served, INVALIDATE, given).status_code == 401
    staff = [people.staff(role).caller() for role in (Role.AUDITOR, Role.CENTRE_AGENT)]
    region = people.staff(Role.PUBLISHER, division="06").caller()
    others: tuple[Asks, ...] = (*staff, region, people.officer(asking.agency).caller(), asking.caller, sanae.browser)
    for caller in others:
        assert codes(caller.ask(INVALIDATE, {"input": given})) == [("FORBIDDEN", ("invalidateConsent",))]
    publisher = people.staff(Role.PUBLISHER).caller()
    other = str(Asking.of(served).agency.agency_id)
    assert user_errors(publisher.change(INVALIDATE, **given | {"agency": other})) == [("NOT_FOUND", ("consent",))]
    assert rows(served) == before
    found = publisher.change(INVALIDATE, **given)
    assert (found["userErrors"], found["consent"]["state"]) == ([], "INVALIDATED")
    assert asking.reads(sanae.idcs) is None
    assert user_errors(publisher.change(INVALIDATE, **given)) == [("CONFLICT", ())]


def test_what_is_read_by_four_callers(served: Instance, people: People, asking: Asking, sanae: Asked, karim: Asked) -> None:
    asked = asking.request(sanae.idcs)
    made, token = asked["consent"]["id"], token_of(asked, served)
    staff, officer = people.staff(*Role).caller(), people.officer(asking.agency).caller()
    for document, variables in ((ASKED, {"id": made}), (ALL_ASKED, {}), (BY_LINK, {"token": token}), (MINE, {"id": made})):
        body = {"query": document, "variables": variables}
        assert httpx.post(f"{served.issuer}/graphql", json=body, timeout=30).status_code == 401
    for caller in (staff, sanae.browser, asking.agency.caller(scope="self:read")):
        assert codes(caller.ask(ASKED, {"id": made})) == [("FORBIDDEN", ("consent",))]
        assert codes(caller.ask(ALL_ASKED)) == [("FORBIDDEN", ("consents",))]
    other = Asking.of(served).caller
    assert codes(other.ask(ASKED, {"id": made})) == [("NOT_FOUND", ("consent",))]
    assert other.data(ALL_ASKED)["consents"]["edges"] == []
    for caller in (asking.caller, officer):
        assert caller.data(ASKED, {"id": made})["consent"]["id"] == made
    for caller in (asking.caller, officer, staff):
        assert codes(caller.ask(BY_LINK, {"token": token})) == [("FORBIDDEN", ("consentByLink",))]
        assert [code for code, _ in codes(caller.ask(MINE, {"id": made}))] == ["FORBIDDEN"]
    assert karim.browser.data(BY_LINK, {"token": token}) == {"consentByLink": None}
    assert karim.browser.data(MINE, {"id": made}) == {"me": {"consent": None}}
    assert sanae.browser.data(BY_LINK, {"token": token})["consentByLink"]["id"] == made
    assert sanae.browser.data(MINE, {"id": made})["me"]["consent"]["id"] == made


def test_a_suspended_agency_asks_and_sees_nothing_and_what_it_was_given_can_be_taken_back(asking: Asking, sanae: Asked) -> None:
    made = asking.granted(sanae.browser, sanae.idcs)
    assert asking.caller.token
    asking.agency.suspend()
    for document, variables in ((REQUEST, {"input": asking.wish(STRANGER)}), (ASKED, {"id": made}), (ALL_ASKED, {})):
        assert [code for code, _ in codes(asking.caller.ask(document, variables))] == ["UNAUTHENTICATED"]
    assert sanae.browser.change(WITHDRAW, consent=made)["consent"]["state"] == "WITHDRAWN"


# The command


def test_the_command_follows_all_histories_and_names_what_was_altered(
    served: Instance, asking: Asking, sanae: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", served.database_url)
    made = asking.granted(sanae.browser, sanae.idcs)
    sound = command("check-consents")
    assert sound == {"ok": True, "consents": served.count("consent"), "altered": 0, "named": []}
    served.sql("update consent set valid_to = valid_to + interval '1 day' where consent_id = $1", UUID(made))
    try:
        found = command("check-consents", status=1)
    finally:
        served.sql("update consent set valid_to = valid_to - interval '1 day' where consent_id = $1", UUID(made))
    assert found == sound | {"ok": False, "altered": 1, "named": [made]}
