"""Getting at somebody's record, or learning that there is one, by the doors that citizens come in by."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import event

from access.one_time_codes import TRIES
from api.edge import Service
from core.jobs import Work
from identity.citizens import CODES
from identity.contacts import APPLYING, WAITING_TIME, applying
from identity.imports import LoadedPerson
from identity.numbers import idcs_of
from tests.api.citizens import ACT_FOR, ANSWER_WITNESS, ASK, BEGIN, CHANGE, FINISH, OPEN_ASSISTED, REPORT, STOP, Town
from tests.api.people import Browser, user_errors
from tests.api.serving import Instance, codes

STRANGER = "2516116556"
ANOTHER_STRANGER = "3516116555"
THIEFS = "+212612345678"
ROUNDS = 40
_addresses = count(1)


@pytest.fixture(scope="module")
def town(attacked: Instance) -> Iterator[Town]:
    made = Town.of(attacked)
    yield made
    made.close()


def somewhere() -> str:
    """An address that nobody has come from yet."""
    number = next(_addresses)
    return f"10.{number // 62_500 % 250}.{number // 250 % 250}.{number % 250}"


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06d}"


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    """All that is asked of the database within the block, whichever way."""
    asked: list[str] = []
    real = asyncpg.Connection.fetch

    async def fetch(self: Any, query: str, *values: Any, **more: Any) -> Any:
        asked.append(query)
        return await real(self, query, *values, **more)

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    driver: Any = asyncpg.Connection
    driver.fetch = fetch
    try:
        yield asked
    finally:
        driver.fetch = real
        event.remove(engine, "before_cursor_execute", note)


# --- who is on record


def unreachable(town: Town) -> str:
    return town.person(telephone=None, email=None).idcs.text


def dead(town: Town) -> str:
    person = town.person()
    town.instance.sql("update person set status = 'DECEASED' where person_id = $1", person.person_id)
    return person.idcs.text


NOBODIES: dict[str, Callable[[Town], str]] = {
    "a stranger": lambda _: STRANGER,
    "somebody who cannot be reached": unreachable,
    "somebody who has died": dead,
}
# Each table, and when its rows were made, or end: what is past may be forgotten while a test runs.
TABLES = {
    "one_time_code": "made_at",
    "message": "told_at",
    "job": "created_at",
    "throttle": "window_end",
    "session": "began_at",
    "ledger_entry": "recorded_at",
    "telephone_change": "begun_at",
    "telephone_witness": "asked_at",
}


class Rows:
    """How many rows there are from now on."""

    def __init__(self, town: Town) -> None:
        self.town, self.since = town, town.instance.now()
        self.before = self.count()

    def count(self) -> dict[str, int]:
        return {table: self.town.instance.count(table, f"{at} >= $1", self.since) for table, at in TABLES.items()}

    def grown(self) -> dict[str, int]:
        """How many more there are in each table by now."""
        return {table: here - self.before[table] for table, here in self.count().items()}


@pytest.mark.parametrize("name", NOBODIES)
def test_signing_in_tells_nobody_from_somebody_by_answer_rows_or_statements(town: Town, name: str) -> None:
    service, seen = town.door.endpoint.service, []
    town.begin(town.person().idcs.text, address=somewhere())
    for idcs in (town.person().idcs.text, NOBODIES[name](town)):
        before = Rows(town)
        with statements(service) as asked:
            told = dict(town.begin(idcs, address=somewhere()))
            begun = list(asked)
            challenge = told["challenge"]
            answers = [dict(town.finish(challenge, f"{number:06d}", address=somewhere())) for number in range(TRIES + 1)]
            tried = asked[len(begun) :]
        grown = before.grown()
        seen.append((told.keys(), told["userErrors"], answers, grown, begun, tried))
    assert seen[0] == seen[1]


def test_signing_in_takes_as_long_for_nobody_as_for_somebody(town: Town) -> None:
    """Other work on the machine falls on both alike, in the long run: what is no difference shows in one round of a few."""
    ratios: list[float] = []
    numbers = iter(strangers(4 * ROUNDS))
    town.begin(town.person().idcs.text, address=somewhere())
    while len(ratios) < 4 and not any(0.85 < ratio < 1.18 for ratio in ratios):
        people = [town.person().idcs.text for _ in range(ROUNDS)]
        times: dict[str, list[float]] = {"somebody": [], "nobody": []}
        for place, pair in enumerate(zip(people, numbers, strict=False)):
            asked = list(zip(times, pair, strict=True))
            for who, idcs in asked if place % 2 else reversed(asked):
                began = perf_counter()
                town.begin(idcs, address=somewhere())
                times[who].append(perf_counter() - began)
        ratios.append(median(times["nobody"]) / median(times["somebody"]))
    assert any(0.85 < ratio < 1.18 for ratio in ratios), ratios


def strangers(many: int) -> Sequence[str]:
    """Well-formed numbers that nobody has here."""
    found: list[str] = []
    counter = 700_000_000
    while len(found) < many:
        number = idcs_of(counter, bytes(range(32)))
        counter += 1
        if number is not None:
            found.append(number.text)
    return found


def request(applicant: str, witnesses: Sequence[str], **changes: str) -> dict[str, Any]:
    return {"idcs": applicant, "name": "Amina Bennani", "telephone": THIEFS, "witnesses": list(witnesses)} | changes


@pytest.mark.parametrize("case", ["a stranger", "another name", "strange witnesses"])
def test_asking_for_a_change_tells_nobody_from_somebody_by_answer_rows_or_statements(town: Town, case: str) -> None:
    service, seen = town.door.endpoint.service, []

    def asked(sound: bool) -> dict[str, Any]:
        people = [town.person().idcs.text for _ in range(3)]
        if sound:
            return request(people[0], people[1:])
        if case == "a stranger":
            return request(STRANGER, people[1:])
        if case == "another name":
            return request(people[0], people[1:], name="Salma Bennani")
        return request(people[0], [STRANGER, ANOTHER_STRANGER])

    for sound in (True, False):
        given, before = asked(sound), Rows(town)
        with statements(service) as made:
            told = town.door.payload(ASK, given, address=somewhere())
        grown = before.grown()
        seen.append((told, grown, list(made)))
    assert seen[0] == seen[1]


def test_a_witness_is_shown_what_was_typed_whoever_it_is_about(town: Town) -> None:
    """Else whoever names accounts of their own as witnesses would see there whether a number is somebody's, and whose."""
    mine, other, victim = town.person(), town.person(), town.person(given_name_latin="Salma")
    shown = []
    for idcs in (victim.idcs.text, STRANGER):
        town.door.payload(ASK, request(idcs, [mine.idcs.text, other.idcs.text], name="Whoever It Is"), address=somewhere())
        told = town.citizen(mine).data("{ me { witnessRequests { name telephone confirmed } } }")
        shown.append(told["me"]["witnessRequests"][0])
    assert shown[0] == shown[1] == {"name": "Whoever It Is", "telephone": THIEFS, "confirmed": None}


# --- a code tried too often, at once, again, elsewhere


def test_a_code_tried_six_times_is_not_judged_the_sixth_time(town: Town) -> None:
    amina = town.person()
    challenge = town.begin(amina.idcs.text, address=somewhere())["challenge"]
    code = town.code(amina.person_id)
    answers = [town.finish(challenge, wrong(code, number + 1), address=somewhere()) for number in range(TRIES)]
    answers.append(town.finish(challenge, code, address=somewhere()))
    assert {str(answer["userErrors"]) for answer in answers} == {str(answers[0]["userErrors"])}
    assert town.instance.count("session", "holder_id = $1", amina.person_id) == 0
    assert town.signed_in(amina, address=somewhere()).data("{ me { kind } }") == {"me": {"kind": "CITIZEN"}}


def test_of_tries_at_once_no_more_are_judged_than_there_are(town: Town) -> None:
    """Thirty guesses side by side, the right one last: it is judged only if it is among the first five to be counted."""
    amina, lucky = town.person(), 0
    for _ in range(3):
        challenge = town.begin(amina.idcs.text, address=somewhere())["challenge"]
        code = town.code(amina.person_id)
        guesses = [wrong(code, number) for number in range(29, -1, -1)]

        async def all_at_once(challenge: str = challenge, guesses: Sequence[str] = guesses) -> list[Any]:
            given = [{"challenge": challenge, "code": guess} for guess in guesses]
            return list(await asyncio.gather(*(town.door.asked(FINISH, each, address=somewhere()) for each in given)))

        answers = town.instance.backstage.run(all_at_once())
        opened = [answer for answer in answers if answer["data"]["finishSignIn"]["token"]]
        lucky += len(opened)
        (row,) = town.instance.sql("select tries_left from one_time_code where challenge_id = $1", UUID(challenge))
        assert row["tries_left"] == 0
    assert town.instance.count("session", "holder_id = $1", amina.person_id) == lucky


def test_a_finish_that_is_sent_again_opens_nothing_again(town: Town) -> None:
    amina = town.person()
    challenge = town.begin(amina.idcs.text, address=somewhere())["challenge"]
    code = town.code(amina.person_id)
    first = town.finish(challenge, code)
    again = town.finish(challenge, code)
    assert first["token"]
    assert (again["token"], user_errors(again)) == (None, [("INVALID", ("code",))])
    assert town.instance.count("session", "holder_id = $1", amina.person_id) == 1


def test_a_code_opens_nothing_but_what_it_was_sent_for(town: Town) -> None:
    """Another's challenge, another purpose: whoever has a code of their own gets no further with it."""
    thief, victim, agent = town.person(), town.person(), town.agent().caller()
    town.begin(thief.idcs.text, address=somewhere())
    own = town.code(thief.person_id)
    others = town.begin(victim.idcs.text, address=somewhere())["challenge"]
    assert user_errors(town.finish(others, own)) == [("INVALID", ("code",))]
    assert user_errors(agent.change(OPEN_ASSISTED, challenge=others, code=town.code(victim.person_id))) == [
        ("INVALID", ("code",))
    ]
    assert town.instance.count("session", "holder_id = $1", victim.person_id) == 0


def test_a_stranger_cannot_freeze_an_account(town: Town) -> None:
    """From however many addresses: the owner's own device still gets in, and so does a centre."""
    amina = town.person()
    challenge = town.begin(amina.idcs.text, address=somewhere())["challenge"]
    device = town.finish(challenge, town.code(amina.person_id))["device"]
    refused = 0
    for _ in range(CODES.limit + 5):
        answer = town.door.ask(BEGIN, {"idcs": amina.idcs.text, "lang": "FR"}, address=somewhere())
        if "errors" in answer:
            assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            refused += 1
            continue
        for number in range(TRIES + 1):
            town.finish(answer["data"]["beginSignIn"]["challenge"], f"{number:06d}", address=somewhere())
    assert refused == 6
    sent = len(town.told(amina.person_id, "ONE_TIME_CODE"))
    assert sent == CODES.limit, "nor flood the telephone"
    assert town.signed_in(amina, device=device).data("{ me { kind } }") == {"me": {"kind": "CITIZEN"}}
    assert town.beside(amina, town.agent().caller()).data("{ me { assisted } }") == {"me": {"assisted": True}}


def test_a_forged_device_is_no_known_one(town: Town) -> None:
    amina, thief = town.person(), town.person()
    challenge = town.begin(thief.idcs.text, address=somewhere())["challenge"]
    device = town.finish(challenge, town.code(thief.person_id))["device"]
    for number in range(CODES.limit):
        forged = device if number % 2 else device[:-1] + ("A" if device[-1] != "A" else "B")
        town.begin(amina.idcs.text, address=somewhere(), device=forged)
    answer = town.door.ask(BEGIN, {"idcs": amina.idcs.text, "lang": "FR", "device": device}, address=somewhere())
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["RATE_LIMITED"]


# --- ids of others, in every argument


def ids_of_others(town: Town) -> Iterator[tuple[str, str, Mapping[str, Any], LoadedPerson]]:
    """Document, argument and input, each sound for somebody else than who sends it; and whose it is."""
    guardian, ward = town.guardian_and_ward()
    yield ACT_FOR, "ward", {"ward": str(ward.person_id)}, guardian
    amina = town.person()
    made = town.agent().caller().change(CHANGE, idcs=amina.idcs.text, telephone=THIEFS)
    yield STOP, "change", {"change": made["telephoneChange"]["id"]}, amina
    one, other = town.person(), town.person()
    town.door.payload(ASK, request(amina.idcs.text, [one.idcs.text, other.idcs.text]), address=somewhere())
    (row,) = town.instance.sql("select change_id from telephone_witness where person_id = $1", one.person_id)
    yield ANSWER_WITNESS, "request", {"request": str(row["change_id"]), "confirmed": True}, one
    agency = town.instance.enrol(
        purposes=["ELIGIBILITY"],
        attributes={"person.sex": {"uses": ["RELEASE"]}},
        mandates={"ELIGIBILITY": ["person.sex"]},
    )
    document = "query($i: String!) { person(subject: {idcs: $i}, purpose: ELIGIBILITY) { sex } }"
    agency.caller().data(document, {"i": amina.idcs.text})
    yield REPORT, "entry", {"entry": town.entry(amina.person_id), "text": "This was not me."}, amina


def test_what_is_anothers_is_as_if_it_were_not_there(town: Town) -> None:
    thief = town.citizen(town.person())
    for document, argument, given, owner in ids_of_others(town):
        before = Rows(town)
        refused = [thief.change(document, **{**given, argument: its}) for its in (given[argument], str(uuid4()))]
        assert refused[0] == refused[1], argument
        assert user_errors(refused[0]) == [("INVALID", (argument,))]
        for nonsense in ("", "1", "' or 1=1", "é" * 200):
            assert user_errors(thief.change(document, **{**given, argument: nonsense})) == [("INVALID", (argument,))]
        assert {table for table, more in before.grown().items() if more} <= {"ledger_entry"}
        assert town.citizen(owner).change(document, **given)["userErrors"] == []


def test_anothers_looks_are_reached_by_no_id_and_no_cursor(town: Town) -> None:
    *_, (_, _, given, amina) = ids_of_others(town)
    thief = town.citizen(town.person())
    answers = [
        thief.ask("query($i: ID!) { me { access(id: $i) { at } } }", {"i": its}) for its in (given["entry"], str(uuid4()))
    ]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]
    document = "query($a: String) { me { accesses(first: 1, after: $a, includeOwn: true) { edges { cursor node { id } } } } }"
    mine = town.citizen(amina)
    for _ in range(2):
        cursor = mine.data(document)["me"]["accesses"]["edges"][0]["cursor"]
    for forged in (cursor, cursor[::-1], "A" * 40, ""):
        answer = thief.ask(document, {"a": forged})
        assert codes(answer) == [("INVALID", ("me", "accesses"))]
        assert answer.json()["data"]["me"]["accesses"] is None
    assert codes(mine.ask(document, {"a": cursor})) == []


def test_reports_of_another_part_of_the_country_are_reached_by_no_cursor(town: Town) -> None:
    document = "query($a: String) { accessReports(first: 1, after: $a) { edges { cursor } } }"
    *_, (_, _, given, amina) = ids_of_others(town)
    town.citizen(amina).change(REPORT, **given)
    cursor = town.supervisor().caller().data(document)["accessReports"]["edges"][0]["cursor"]
    answer = town.supervisor().caller().ask(document, {"a": cursor})
    assert codes(answer) == [("INVALID", ("accessReports",))]


# --- taking somebody's telephone over


def applied(town: Town, person: LoadedPerson, change: str, later: timedelta = WAITING_TIME) -> None:
    """The job runs, so much later."""
    instance = town.instance
    job = instance.sql("select job_id, parameters, progress, done from job where parameters ->> 'change' = $1", change)[0]
    work = Work(instance.database, job["job_id"], 0, job, clock=lambda: instance.now() + later, stopping=lambda: False)

    async def run() -> None:
        await applying(instance.keys)(work)

    instance.backstage.run(run())
    assert UUID(work.parameters["person"]) == person.person_id


def number_of(town: Town, person: LoadedPerson) -> str:
    (row,) = town.instance.sql("select data_key, telephone from person where person_id = $1", person.person_id)
    key = town.instance.keys.masters.unwrap(person.person_id, row["data_key"])
    return key.open("person.telephone", person.person_id, row["telephone"])


def test_who_takes_a_number_over_at_a_centre_is_stopped_by_the_old_one(town: Town) -> None:
    """The agent is deceived; the old telephone is told, signs in, and stops it within the three days."""
    victim = town.person()
    old = number_of(town, victim)
    change = town.agent().caller().change(CHANGE, idcs=victim.idcs.text, telephone=THIEFS)["telephoneChange"]["id"]
    assert old in [recipient for recipient, _ in town.told(victim.person_id, "TELEPHONE_CHANGE_BEGUN")]
    assert THIEFS not in [recipient for recipient, _ in town.told(victim.person_id, "TELEPHONE_CHANGE_BEGUN")]
    # Until then a code goes to the old number alone.
    town.begin(victim.idcs.text, address=somewhere())
    assert town.told(victim.person_id, "ONE_TIME_CODE")[-1][0] == old
    assert town.signed_in(victim, address=somewhere()).change(STOP, change=change)["userErrors"] == []
    applied(town, victim, change)
    assert number_of(town, victim) == old


def test_a_change_does_not_take_effect_before_its_time(town: Town) -> None:
    victim = town.person()
    change = town.agent().caller().change(CHANGE, idcs=victim.idcs.text, telephone=THIEFS)["telephoneChange"]["id"]
    applied(town, victim, change, WAITING_TIME - timedelta(minutes=5))
    assert number_of(town, victim) != THIEFS
    browser = town.signed_in(victim, address=somewhere())
    applied(town, victim, change)
    assert number_of(town, victim) == THIEFS
    assert browser.ask("{ me { kind } }").status_code == 401
    assert user_errors(town.citizen(victim).change(STOP, change=change)) == [("INVALID", ("change",))]


def vouched(town: Town, victim: LoadedPerson, witnesses: Sequence[LoadedPerson], **changes: str) -> None:
    """Whoever of them can, confirms."""
    given = request(victim.idcs.text, [witness.idcs.text for witness in witnesses], **changes)
    town.door.payload(ASK, given, address=somewhere())
    for witness in witnesses:
        confirm(town.citizen(witness))


def confirm(browser: Browser) -> None:
    for each in browser.data("{ me { witnessRequests { id confirmed } } }")["me"]["witnessRequests"]:
        if each["confirmed"] is None:
            browser.change(ANSWER_WITNESS, request=each["id"], confirmed=True)


@pytest.mark.parametrize(
    "trick", ["one telephone for both", "the victim's", "the thief's own", "a ward of a witness", "another name"]
)
def test_tricks_with_witnesses_come_to_nothing(town: Town, trick: str) -> None:
    victim, honest = town.person(), town.person()
    changes: dict[str, str] = {}
    if trick == "one telephone for both":
        witnesses = [honest, town.person(telephone=number_of(town, honest), email=None)]
    elif trick == "the victim's":
        witnesses = [honest, town.person(telephone=number_of(town, victim), email=None)]
    elif trick == "the thief's own":
        witnesses = [honest, town.person(telephone=THIEFS, email=None)]
    elif trick == "a ward of a witness":
        guardian, ward = town.guardian_and_ward()
        town.instance.sql(
            "update person set telephone = $2 where person_id = $1",
            ward.person_id,
            sealed_telephone(town, ward, "+212730777777"),
        )
        witnesses = [guardian, ward]
    else:
        witnesses, changes = [honest, town.person()], {"name": "Thief Thievish"}
    before = number_of(town, victim)
    vouched(town, victim, witnesses, **changes)
    assert town.citizen(victim).data("{ me { telephoneChanges { state } } }") == {"me": {"telephoneChanges": []}}
    assert town.instance.count("job", "kind = $1 and parameters ->> 'person' = $2", APPLYING.name, str(victim.person_id)) == 0
    assert number_of(town, victim) == before


def sealed_telephone(town: Town, person: LoadedPerson, number: str) -> bytes:
    (row,) = town.instance.sql("select data_key from person where person_id = $1", person.person_id)
    key = town.instance.keys.masters.unwrap(person.person_id, row["data_key"])
    return key.seal("person.telephone", person.person_id, number)


def test_a_guardian_does_not_vouch_in_the_place_of_a_ward(town: Town) -> None:
    guardian, ward = town.guardian_and_ward()
    browser = town.citizen(guardian)
    browser.change(ACT_FOR, ward=str(ward.person_id))
    answers = [
        browser.ask("{ me { witnessRequests { id } } }"),
        browser.ask(ANSWER_WITNESS, {"input": {"request": str(uuid4()), "confirmed": True}}),
    ]
    assert [[code for code, _ in codes(answer)] for answer in answers] == [["FORBIDDEN"], ["FORBIDDEN"]]


def test_the_applicant_does_not_vouch_for_themselves(town: Town) -> None:
    thief, other = town.person(), town.person()
    told = town.door.payload(ASK, request(thief.idcs.text, [thief.idcs.text, other.idcs.text]), address=somewhere())
    assert user_errors(told) == [("INVALID", ("witnesses", "0"))]
    told = town.door.payload(ASK, request(thief.idcs.text, [other.idcs.text] * 2), address=somewhere())
    assert user_errors(told) == [("INVALID", ("witnesses", "1"))]


# --- nothing of people in what is logged


def test_neither_numbers_nor_codes_stand_in_the_log(town: Town) -> None:
    amina = town.person()
    browser = town.citizen(amina)
    for given in ({"idcs": amina.idcs.text, "telephone": THIEFS}, {"idcs": "x" * 100, "telephone": "y" * 100}):
        town.agent().caller().ask(CHANGE, {"input": given})
    browser.ask("{ me { person { telephone idcs } } }")
    log = town.instance.log.read_text()
    for value in (amina.idcs.text, THIEFS, number_of(town, amina), "Bennani"):
        assert value not in log
