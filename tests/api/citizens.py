"""Citizens of a served instance, for tests: people registered in it, what they are told, and signing in as pages do."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from access.rights import Role
from core.dates import PartialDate
from identity.imports import LoadedPerson, NewPerson, load_persons
from tests.api.door import Door
from tests.api.people import Browser, People, Person
from tests.api.serving import Instance, raw_transaction

CASABLANCA, RABAT = "06.141", "04.421"
ERRORS = "userErrors { code path message }"
BEGIN = f"mutation($input: BeginSignInInput!) {{ beginSignIn(input: $input) {{ challenge expiresAt {ERRORS} }} }}"
FINISH = f"mutation($input: FinishSignInInput!) {{ finishSignIn(input: $input) {{ token device {ERRORS} }} }}"
BEGIN_ASSISTED = (
    f"mutation($input: BeginAssistedSessionInput!) {{ beginAssistedSession(input: $input) {{ challenge expiresAt {ERRORS} }} }}"
)
OPEN_ASSISTED = f"mutation($input: OpenAssistedSessionInput!) {{ openAssistedSession(input: $input) {{ token {ERRORS} }} }}"
ASK = f"mutation($input: AskForTelephoneChangeInput!) {{ askForTelephoneChange(input: $input) {{ done {ERRORS} }} }}"
_CHANGE = f"{{ telephoneChange {{ id state method telephone takesEffectAt }} {ERRORS} }}"
CHANGE = f"mutation($input: ChangeTelephoneInput!) {{ changeTelephone(input: $input) {_CHANGE} }}"
STOP = f"mutation($input: StopTelephoneChangeInput!) {{ stopTelephoneChange(input: $input) {_CHANGE} }}"
ANSWER_WITNESS = (
    f"mutation($input: AnswerAsWitnessInput!) {{ answerAsWitness(input: $input) {{ request {{ id confirmed }} {ERRORS} }} }}"
)
ACT_FOR = f"mutation($input: ActForInput!) {{ actFor(input: $input) {{ ward {ERRORS} }} }}"
_REPORT = f"{{ accessReport {{ id number text answer answeredAt }} {ERRORS} }}"
REPORT = f"mutation($input: ReportAccessInput!) {{ reportAccess(input: $input) {_REPORT} }}"
ANSWER_REPORT = f"mutation($input: AnswerAccessReportInput!) {{ answerAccessReport(input: $input) {_REPORT} }}"
_numbers = count(1)


@dataclass
class Town:
    """A served instance with people in it, and the door to it."""

    instance: Instance
    door: Door
    people: People

    @classmethod
    def of(cls, instance: Instance) -> "Town":
        return cls(instance, Door(instance), People(instance))

    def close(self) -> None:
        self.instance.backstage.run(self.door.endpoint.service.settler.stop())

    def person(self, **changes: Any) -> LoadedPerson:
        return self.load(_new(**changes))[0]

    def guardian_and_ward(self) -> tuple[LoadedPerson, LoadedPerson]:
        ward = _new(key=1, guardian=0, birth_date=PartialDate(2017, 5, 17), telephone=None, email=None, given_name_latin="Sami")
        guardian, child = self.load(_new(), ward)
        return guardian, child

    def load(self, *persons: NewPerson) -> list[LoadedPerson]:
        instance, call = self.instance, self.instance.call()

        async def load() -> list[LoadedPerson]:
            async with raw_transaction(instance.database) as connection:
                return await load_persons(connection, call, instance.keys, persons)

        return instance.backstage.run(load())

    def citizen(self, person: LoadedPerson) -> Browser:
        return self.people.citizen(person.person_id)

    # --- what people are told

    def told(self, person: UUID, notice: str) -> list[tuple[str, str]]:
        """Recipient and words of all of these that somebody was told, the oldest first."""
        rows = self.instance.sql(
            """select m.message_id, m.recipient, m.body, p.data_key from message m join person p on p.person_id = m.owner_id
                 join job j using (job_id) where m.owner_id = $1 and m.notice = $2 order by j.created_at, m.message_id""",
            person,
            notice,
        )
        found = []
        for row in rows:
            key = self.instance.keys.masters.unwrap(person, row["data_key"])
            recipient, body = (key.open(f"message.{part}", row["message_id"], row[part]) for part in ("recipient", "body"))
            found.append((recipient, json.loads(body)["text"]))
        return found

    def code(self, person: UUID, notice: str = "ONE_TIME_CODE") -> str:
        """The newest code that somebody was sent."""
        found = re.search(r"\b(?:\d{6}|\d{10})\b", self.told(person, notice)[-1][1])
        assert found is not None
        return found[0]

    # --- signing in, as pages do

    def begin(self, idcs: str, *, address: str = "203.0.113.9", **more: Any) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.door.payload(BEGIN, {"idcs": idcs, "lang": "FR", **more}, address=address)
        return told

    def finish(self, challenge: str, code: str, *, address: str = "203.0.113.9", **more: Any) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.door.payload(FINISH, {"challenge": challenge, "code": code, **more}, address=address)
        return told

    def signed_in(self, person: LoadedPerson, **more: Any) -> Browser:
        challenge = self.begin(person.idcs.text, **more)["challenge"]
        made = self.finish(challenge, self.code(person.person_id), **more)
        assert made["userErrors"] == [], made
        return Browser(self.instance, made["token"])

    def beside(self, person: LoadedPerson, agent: Browser, form: str = "CONSENTS") -> Browser:
        """An assisted session, with the agent's browser."""
        begun = agent.change(BEGIN_ASSISTED, idcs=person.idcs.text, form=form)
        made = agent.change(OPEN_ASSISTED, challenge=begun["challenge"], code=self.code(person.person_id, "ASSIST_CODE"))
        assert made["userErrors"] == [], made
        return Browser(self.instance, made["token"])

    def entry(self, person: UUID) -> str:
        """The id of the newest entry about somebody."""
        (row,) = self.instance.sql(
            "select entry_id from ledger_entry where subject_id = $1 and actor = 'AGENCY' order by entry_id desc limit 1",
            person,
        )
        return str(row["entry_id"])

    def agent(self, division: str | None = CASABLANCA) -> Person:
        return self.people.staff(Role.CENTRE_AGENT, division=division)

    def supervisor(self, division: str | None = CASABLANCA) -> Person:
        return self.people.staff(Role.SUPERVISOR, division=division)


def _new(key: int = 0, **changes: Any) -> NewPerson:
    number = next(_numbers)
    parts: dict[str, Any] = {
        "key": key,
        "given_name_ar": "أمينة",
        "given_name_latin": "Amina",
        "family_name_ar": "بناني",
        "family_name_latin": "Bennani",
        "birth_date": PartialDate(1984, 3, 9),
        "sex": "F",
        "nationality": "MAR",
        "residence": CASABLANCA,
        "telephone": f"+21273990{number:04d}",
        "email": f"citizen.{number}@example.org",
    }
    return NewPerson(**parts | changes)
