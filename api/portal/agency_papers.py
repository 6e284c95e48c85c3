"""Pages on what an agency has: its agreement, mandates, keys and notices, for all of its people to read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from api.portal.framework import Audience, Data, Page, PageRequest
from api.portal.words import names

MAX_SHOWN = 20  # older agreements, mandates and notices that are over


def _agreement(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    agency = data["myAgency"]
    in_force = [its for its in agency["mandates"] if its["inForce"]]
    return {
        "names": names(asked.tongue),
        "labels": {attribute["name"]: attribute["labels"] for attribute in data["catalogue"]},
        "granted": [attribute for attribute in data["catalogue"] if attribute["granted"]],
        "mandates": [{**its, "attributes": orjson.loads(its["document"])["attributes"]} for its in in_force],
        "past_mandates": [its for its in agency["mandates"] if not its["inForce"]][:MAX_SHOWN],
        "other_agreements": [its for its in agency["agreements"] if not its["inForce"]][:MAX_SHOWN],
    }


def _keys(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """How each key stands; the reason why one does not count is the first that holds."""
    found = data["myAgency"]["keys"]
    return {"names": names(asked.tongue), "found": found, "states": {key["kid"]: _standing(key, asked.now) for key in found}}


def _standing(key: Mapping[str, Any], now: datetime) -> str:
    if key["revokedAt"] is not None and datetime.fromisoformat(key["revokedAt"]) <= now:
        return "revoked"
    if key["inForce"]:
        return "ending" if key["expiresSoon"] else "holds"
    return "coming" if now < datetime.fromisoformat(key["validFrom"]) else "over"


def _notices(_: PageRequest, data: Data) -> Mapping[str, Any]:
    told = [{**its, **orjson.loads(its["document"])} for its in data["myAgency"]["notices"] if its["inForce"]]
    labels = {attribute["name"]: attribute["labels"] for attribute in data["catalogue"]}
    return {"told": told, "labels": labels, "past": sum(not its["inForce"] for its in data["myAgency"]["notices"])}


PAGES = (
    Page(path="/agency/agreement", name="agency/agreement", audience=Audience.OFFICER, more=_agreement),
    Page(path="/agency/keys", name="agency/keys", audience=Audience.OFFICER, more=_keys),
    Page(path="/agency/notices", name="agency/notices", audience=Audience.OFFICER, more=_notices),
)
