"""GraphQL of who looked: the entries of the ledger about oneself, reports of them, and the answers to reports."""

from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import ActorKind, Purpose
from access.catalogue import CATALOGUE, Labels, Use
from access.decision import Ground
from api.access import Text, instant, text
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain, raw
from api.paging import PageInfo
from api.scalars import DateTime
from api.selection import selected
from identity import access_reports as reports
from identity.access_reports import ReportView
from identity.accesses import AccessOutcome, AccessView, OnBehalf
from registry import accesses as doors

strawberry.enum(Ground, name="AccessGround", description="On what a look rested, or why nothing was told.")
strawberry.enum(AccessOutcome, name="AccessOutcome")
strawberry.enum(OnBehalf, name="OnBehalf")


@strawberry.type(
    description="What was done with one attribute. `refused`: tried, and not allowed; `failed`: a claim did not hold."
)
class AccessAttribute:
    name: str
    labels: Text
    uses: list[Use]
    refused: list[Use]
    failed: bool


@strawberry.type(description="The legal basis: a mandate's article, a consent by its id and revision, the agreement's version.")
class AccessBasis:
    ground: Ground
    article: str | None
    consent: strawberry.ID | None
    consent_revision: int | None
    agreement_version: int | None


@strawberry.type(description="One look at your data. Without an agency it was the registry's own, yours, or a guardian's.")
class Access:
    id: strawberry.ID
    at: DateTime
    household: bool = strawberry.field(description="It was at your household, while you belonged to it.")
    own: bool = strawberry.field(description="You took it, for yourself or for a ward.")
    actor: ActorKind
    agency: Text | None
    office: Text | None
    operator: Text | None
    officer: str | None = strawberry.field(description="The number that stands for who looked: quote it to ask about it.")
    on_behalf: OnBehalf | None
    purpose: Purpose | None
    field: str = strawberry.field(description="What was asked for, by its name in this schema.")
    basis: AccessBasis
    attributes: list[AccessAttribute]
    outcome: AccessOutcome
    request_id: strawberry.ID
    report: str | None = strawberry.field(description="The number of your report of it.")


@strawberry.type
class AccessEdge:
    node: Access
    cursor: str


@strawberry.type(description="A page of looks at your data, newest first.")
class AccessConnection:
    edges: list[AccessEdge]
    page_info: PageInfo


@strawberry.type(
    description="A report that a look was not right. To who answers it: which look, and nothing more of the person."
)
class AccessReport:
    id: strawberry.ID
    number: str
    entry: strawberry.ID
    text: str | None
    reported_at: DateTime
    answered_at: DateTime | None
    answer: str | None
    looked_at: DateTime | None
    agency: Text | None
    officer: str | None
    purpose: Purpose | None
    request_id: strawberry.ID | None


@strawberry.type
class AccessReportEdge:
    node: AccessReport
    cursor: str


@strawberry.type(description="A page of reports, newest first.")
class AccessReportConnection:
    edges: list[AccessReportEdge]
    page_info: PageInfo


@strawberry.input(description="Say what was not right about a look at your data.")
class ReportAccessInput:
    entry: strawberry.ID
    text: str
    request_key: str | None = None


@strawberry.input
class AnswerAccessReportInput:
    report: strawberry.ID
    text: str
    request_key: str | None = None


@strawberry.type
class AccessReportPayload:
    access_report: AccessReport | None
    user_errors: list[UserError]


# --- to the person


async def accesses(
    info: Info[Any, Any], first: int | None = None, after: str | None = None, include_own: bool = False
) -> AccessConnection:
    reading, call, _ = opened(info)
    page = await doors.accesses(reading, call, first=first, after=after, include_own=include_own)
    edges = [AccessEdge(node=_access(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AccessConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def access(info: Info[Any, Any], id: strawberry.ID) -> Access:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    return _access(await doors.access(reading, call, entry=id_of(id, "id")))


async def own_reports(info: Info[Any, Any]) -> list[AccessReport]:
    reading, call, _ = opened(info)
    return [_report(view) for view in await reports.own_reports(reading, call)]


async def report_access(info: Info[Any, Any], input: ReportAccessInput) -> AccessReportPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        entry = id_of(given["entry"], "entry")
        return {"report": str(await doors.report_access(at.connection, at.call, at.reading, entry=entry, text=given["text"]))}

    done, errors = await change(info, input, work)
    if done is None:
        return AccessReportPayload(access_report=None, user_errors=errors)
    found = next((its for its in await own_reports(info) if its.id == done["report"]), None)
    return AccessReportPayload(access_report=found, user_errors=errors)


# --- to whoever answers


async def access_reports(
    info: Info[Any, Any], waiting: bool | None = None, first: int | None = None, after: str | None = None
) -> AccessReportConnection:
    reading, call, _ = opened(info)
    nodes = [node for edges in selected(raw(info)).child("edges") for node in edges.child("node")]
    words = any(field.name in ("text", "answer") for node in nodes for field in node.below())
    page = await reports.reports(reading, call, waiting=waiting, words=words, first=first, after=after)
    edges = [AccessReportEdge(node=_report(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AccessReportConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def access_report(info: Info[Any, Any], id: strawberry.ID) -> AccessReport:  # noqa: A002 as above
    reading, call, _ = opened(info)
    return _report(await reports.report_of(reading, call, report=id_of(id, "id")))


async def answer_access_report(info: Info[Any, Any], input: AnswerAccessReportInput) -> AccessReportPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        report = id_of(given["report"], "report")
        await reports.answer_report(at.connection, at.call, at.reading, report=report, text=given["text"])
        return {"report": str(report)}

    done, errors = await change(info, input, work)
    if done is None:
        return AccessReportPayload(access_report=None, user_errors=errors)
    reading, call, _ = opened(info)
    found = _report(await reports.report_of(reading, call, report=UUID(done["report"])))
    return AccessReportPayload(access_report=found, user_errors=errors)


def _access(its: AccessView) -> Access:
    basis = its.basis
    return Access(
        id=strawberry.ID(str(its.entry_id)),
        at=DateTime(its.at),
        household=its.household,
        own=its.own,
        actor=its.actor,
        agency=_names(its.agency),
        office=_names(its.office),
        operator=_names(its.operator),
        officer=its.officer,
        on_behalf=its.on_behalf,
        purpose=its.purpose,
        field=its.field,
        basis=AccessBasis(
            ground=basis.ground,
            article=basis.article,
            consent=None if basis.consent is None else strawberry.ID(str(basis.consent)),
            consent_revision=basis.consent_revision,
            agreement_version=basis.agreement_version,
        ),
        attributes=[
            AccessAttribute(
                name=used.attribute,
                labels=text(CATALOGUE[used.attribute].labels),
                uses=list(used.uses),
                refused=list(used.refused),
                failed=used.failed,
            )
            for used in its.attributes
        ],
        outcome=its.outcome,
        request_id=strawberry.ID(str(its.request_id)),
        report=its.report,
    )


def _report(its: ReportView) -> AccessReport:
    return AccessReport(
        id=strawberry.ID(str(its.report_id)),
        number=its.number,
        entry=strawberry.ID(str(its.entry_id)),
        text=its.text,
        reported_at=DateTime(its.reported_at),
        answered_at=instant(its.answered_at),
        answer=its.answer,
        looked_at=instant(its.looked_at),
        agency=_names(its.agency),
        officer=its.officer,
        purpose=its.purpose,
        request_id=None if its.request_id is None else strawberry.ID(str(its.request_id)),
    )


def _names(labels: Labels | None) -> Text | None:
    return None if labels is None else text(labels)
