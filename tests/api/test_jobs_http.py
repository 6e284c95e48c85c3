"""Work beside requests, seen to over real HTTP: what is held waits for the word of somebody who may give it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from access.catalogue import Lang
from access.notices import AccountDisabled, Channel
from access.outbox import Owner, OwnerKind, tell
from access.rights import Role
from core.ids import uuid7
from tests.api.people import Browser, People, user_errors
from tests.api.serving import Instance, codes

DECIDE = "mutation($input: JobInput!) {{ {0}(input: $input) {{ job {{ id state }} userErrors {{ code path }} }} }}"
RELEASE, CANCEL, RESEND, DROP = map(DECIDE.format, ("releaseJob", "cancelJob", "resendMessage", "dropMessage"))
HOLD = text("update job set state = 'HELD', ticket = null, error = 'Uncertain' where job_id = :job")
DOUBT = text("update message set state = 'UNCERTAIN' where message_id = :message")


@pytest.fixture(scope="module")
def administrator(served: Instance) -> Browser:
    return People(served).staff(Role.ADMINISTRATOR).caller()


@pytest.fixture(scope="module")
def publisher(served: Instance) -> Browser:
    return People(served).staff(Role.PUBLISHER).caller()


def held(served: Instance) -> UUID:
    """A job that failed too often, of a kind that no worker does."""
    job, now = uuid7(served.now()), served.now()
    served.sql(
        """insert into job (job_id, kind, parameters, state, created_at, due_at, done, total, runs, failures, error, cancelling)
           values ($1, 'old-file', '{}', 'HELD', $2, $2, 5, 20, 3, 3, 'OSError', false)""",
        job,
        now,
    )
    return job


def doubtful(served: Instance) -> UUID:
    """The job of a message that may have been sent, or not."""
    account = People(served).staff(Role.AUDITOR).account
    call = served.call()
    wrapped = served.sql("select data_key from account where account_id = $1", account)[0]["data_key"]

    async def put(connection: AsyncConnection) -> UUID:
        owner = Owner(OwnerKind.ACCOUNT, account, wrapped)
        channels = {Channel.EMAIL: "somebody@example.org"}
        told = await tell(connection, call, served.keys, owner=owner, notice=AccountDisabled(), lang=Lang.FR, channels=channels)
        find = text("select job_id from message where message_id = :message")
        job: UUID = (await connection.execute(find, {"message": told[0]})).scalar_one()
        await connection.execute(HOLD, {"job": job})
        await connection.execute(DOUBT, {"message": told[0]})
        return job

    return served.transact(put)


def state(served: Instance, job: UUID) -> str:
    return str(served.sql("select state from job where job_id = $1", job)[0]["state"])


def listed(browser: Browser, states: str = "[HELD]") -> dict[str, dict[str, Any]]:
    found = browser.data(f"{{ jobs(states: {states}) {{ id kind state done total failures error }} }}")["jobs"]
    return {job["id"]: job for job in found}


def test_what_is_held_is_listed_and_goes_on_or_ends_at_an_administrators_word(served: Instance, administrator: Browser) -> None:
    first, second = held(served), held(served)
    its = listed(administrator)[str(first)]
    assert (its["kind"], its["done"], its["total"], its["failures"], its["error"]) == ("old-file", 5, 20, 3, "OSError")
    assert administrator.change(RELEASE, job=str(first)) == {"job": {"id": str(first), "state": "WAITING"}, "userErrors": []}
    assert administrator.change(CANCEL, job=str(second))["job"]["state"] == "CANCELLED"
    assert not {str(first), str(second)} & listed(administrator).keys()
    assert [code for code, _ in user_errors(administrator.change(RELEASE, job=str(second)))] == ["CONFLICT"]
    assert administrator.change(CANCEL, job=str(first))["userErrors"] == []


def test_a_message_that_may_have_been_sent_is_sent_again_or_let_be_only_by_a_word(
    served: Instance, administrator: Browser
) -> None:
    again, be = doubtful(served), doubtful(served)
    assert administrator.change(RESEND, job=str(again))["job"]["state"] in ("WAITING", "RUNNING")
    assert administrator.change(DROP, job=str(be))["job"]["state"] == "CANCELLED"
    rows = served.sql("select job_id, state, body from message where job_id = any($1::uuid[])", [again, be])
    states = {row["job_id"]: (row["state"], row["body"] is None) for row in rows}
    assert states[be] == ("DROPPED", True)
    assert states[again][0] in ("WAITING", "SENDING")
    administrator.change(CANCEL, job=str(again))


@pytest.mark.parametrize("document", [RELEASE, CANCEL, RESEND, DROP])
def test_nobody_else_decides_about_jobs_and_what_is_none_is_not_found(
    served: Instance, administrator: Browser, publisher: Browser, document: str
) -> None:
    job = held(served)
    assert [code for code, _ in codes(publisher.ask(document, {"input": {"job": str(job)}}))] == ["FORBIDDEN"]
    assert state(served, job) == "HELD"
    for wrong in (str(uuid7(served.now())), "no id"):
        assert user_errors(administrator.change(document, job=wrong))[0][0] in ("NOT_FOUND", "INVALID")
    assert [code for code, _ in codes(publisher.ask("{ jobs { id } }"))] == ["FORBIDDEN"]
    administrator.change(CANCEL, job=str(job))


def test_messages_are_shown_in_a_demonstration_only(administrator: Browser) -> None:
    assert [code for code, _ in codes(administrator.ask("{ messages { recipient text } }"))] == ["FORBIDDEN"]


def test_the_page_of_jobs_offers_what_fits_each(served: Instance, administrator: Browser, publisher: Browser) -> None:
    plain, message = held(served), doubtful(served)
    page = administrator.http.get("/admin/jobs", headers=administrator.headers(accept="text/html", accept_language="fr"))
    assert page.status_code == 200
    for job, actions in ((plain, {"release", "cancel"}), (message, {"resend", "drop"})):
        forms = [form for form in page.text.split("<form")[1:] if str(job) in form.partition("</form>")[0]]
        offered = {name for name in ("release", "cancel", "resend", "drop") for form in forms if f'value="{name}"' in form}
        assert offered == actions
    refused = publisher.http.get("/admin/jobs", headers=publisher.headers(accept="text/html"))
    assert refused.status_code == 403
    for job in (plain, message):
        administrator.change(CANCEL, job=str(job))
