"""What is done by looking at somebody is entered with it: neither outlives a crash without the other."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from core.errors import Unavailable
from core.settlement import Settlement
from tests.api.citizens import BEGIN_ASSISTED, CHANGE, Town
from tests.api.serving import Instance


@pytest.fixture(scope="module")
def town(attacked: Instance) -> Iterator[Town]:
    made = Town.of(attacked)
    yield made
    made.close()


@pytest.mark.parametrize("document", [CHANGE, BEGIN_ASSISTED])
def test_a_crash_right_after_something_was_done_leaves_the_entry_of_the_look(
    town: Town, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    amina, agent = town.person(), town.agent()
    actor = town.door.actor_of(agent.caller())

    async def dies(_: Settlement) -> None:
        raise Unavailable("killed here")

    given: dict[str, Any] = {"idcs": amina.idcs.text}
    given |= {"telephone": "0612345678", "requestKey": str(uuid4())} if document == CHANGE else {"form": "CONSENTS"}
    before = town.instance.count("message", "owner_id = $1", amina.person_id)
    with monkeypatch.context() as patched:
        patched.setattr(town.door.endpoint.service.settler, "settle", dies)
        town.door.ask(document, given, actor=actor)
    assert town.instance.count("message", "owner_id = $1", amina.person_id) > before
    assert town.instance.count("ledger_entry", "subject_id = $1", amina.person_id) >= 1
