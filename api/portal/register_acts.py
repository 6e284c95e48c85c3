"""Pages on which a change of a record's status, or an erasure, is proposed; somebody else approves it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from access.rights import Scope
from api.portal.admin_agencies import proposed
from api.portal.files import MAX_UPLOAD_BYTES
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Page, PageRequest
from api.portal.needing import needing
from api.portal.register_parts import (
    HOME,
    adding,
    again,
    back_to,
    chosen_files,
    day_of,
    files_to_choose,
    moment_of,
    of_person,
    refuse_waiting_file,
)
from api.portal.register_words import STATUS_TAGS, words
from core.errors import Invalid
from identity.erasure import ErasureReason
from identity.lifecycle_states import REASONS, StatusReason, StatusStep

CHOOSE_STEP: Final = N_("Choose what is to be done.")
CHOOSE_REASON: Final = N_("Choose the reason.")
# What the room says of a step that cannot be taken, or is not shown; said as it stands, in the reader's language.
SAID: Final = (
    N_("only an active record can be suspended"),
    N_("this record is not suspended"),
    N_("this record is neither active nor suspended"),
    N_("this record was cancelled already"),
    N_("no death was recorded here"),
    N_("a status counts from a day that has come"),
    N_("this is before the person was born"),
    N_("this is before the status that it changes"),
    N_("a suspension ends on a day to come, within 366 days"),
    N_("a change of the status is shown by evidence: 1 to 20 files"),
    N_("this needs evidence of this kind: DEATH_RECORD, JUDGEMENT"),
    N_("this needs evidence of this kind: JUDGEMENT"),
    N_("this needs evidence of this kind: DEATH_RECORD"),
    N_("no such evidence, or it is another change's"),
    N_("this was erased already"),
)


# --- status


def _step(asked: PageRequest) -> Mapping[str, Any]:
    if asked.form["step"] not in set(StatusStep):
        raise Invalid(CHOOSE_STEP, path=("step",))
    return {}


def _status(asked: PageRequest) -> Mapping[str, Any]:
    """What was typed, as the schema takes it. Raises Invalid for what is missing, or no day."""
    refuse_waiting_file(asked)
    _step(asked)
    step = StatusStep(asked.form["step"])
    reason = asked.form["reason"]
    if reason not in REASONS[step]:
        raise Invalid(CHOOSE_REASON, path=("reason",))
    given = {"person": asked.params["person"], "step": step.value, "reason": reason, "evidence": chosen_files(asked)}
    given["effectiveOn"] = day_of(needed(asked.form, "effectiveOn", N_("Enter the day.")), "effectiveOn").isoformat()
    if step is StatusStep.SUSPEND and asked.form["until"].strip():
        last = day_of(asked.form["until"], "until")
        given["until"] = (last + timedelta(days=1)).isoformat()  # the schema wants the first day on which it is over
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _of_status(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, its = words(asked.tongue), data["personRecord"]
    step = asked.form["step"]
    reasons = [reason.value for reason in StatusReason if step in set(StatusStep) and reason in REASONS[StatusStep(step)]]
    return {
        "words": known,
        "its": its,
        "status_tags": STATUS_TAGS,
        "back": back_to(asked),
        "today": moment_of(asked.now).date().isoformat(),
        "reasons": [(code, known.reasons[code]) for code in reasons],
        **files_to_choose(asked, data, known),
    }


# --- erasure


def _erasure(asked: PageRequest) -> Mapping[str, Any]:
    reason = asked.form["reason"]
    if reason not in set(ErasureReason):
        raise Invalid(CHOOSE_REASON, path=("reason",))
    given = {"person": asked.params["person"], "reason": reason, "reference": asked.form["reference"].strip() or None}
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _of_erasure(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known = words(asked.tongue)
    return {
        "words": known,
        "its": data["personRecord"],
        "back": back_to(asked),
        "reasons": [(reason.value, known.reasons[reason.value]) for reason in ErasureReason],
    }


PAGES: Final = (
    Page(
        path=f"{HOME}/{{person}}/status",
        name="admin/record-status",
        audience=Audience.STAFF,
        variables=needing(Scope.STATUS_CHANGE, of_person),
        needs="personRecord",
        more=_of_status,
        upload_bytes=MAX_UPLOAD_BYTES,
        actions={
            "choose": Action(again("details"), None, _step),
            "add": adding("details"),
            "check": Action(again("check"), None, _status),
            "edit": Action(again("details")),
            "propose": Action(proposed("changePersonStatus"), "ChangePersonStatus", _status, fields={"person": "", "step": ""}),
        },
    ),
    Page(
        path=f"{HOME}/{{person}}/erase",
        name="admin/record-erase",
        audience=Audience.STAFF,
        variables=needing(Scope.PERSON_ERASE, of_person),
        needs="personRecord",
        more=_of_erasure,
        actions={
            "check": Action(again("check"), None, _erasure),
            "edit": Action(again("edit")),
            "propose": Action(proposed("erasePerson"), "ErasePerson", _erasure, fields={"person": ""}),
        },
    ),
)
