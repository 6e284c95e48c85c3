"""Scalars of the schema: each refuses what it cannot take with a message that does not quote it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal as PythonDecimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from core.dates import PartialDate as PythonPartialDate
from core.errors import Invalid
from scoring.scores import plain_decimal

PartialDate = NewType("PartialDate", str)
Date = NewType("Date", date)
DateTime = NewType("DateTime", datetime)
Decimal = NewType("Decimal", PythonDecimal)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def _partial_date(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("not a date")
    try:
        return str(PythonPartialDate.parse(value))
    except Invalid:
        raise GraphQLError("not a date") from None


def _date(value: Any) -> date:
    try:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise GraphQLError("not a date") from None


def _instant(value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError("not an instant with a zone") from None


def _decimal(value: Any) -> PythonDecimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError("not a decimal number as text")
    return PythonDecimal(value)


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


SCALARS: dict[object, ScalarDefinition] = {
    PartialDate: strawberry.scalar(
        name="PartialDate",
        description='A civil date known to the year, month or day: "1959", "1959-07" or "1959-07-14".',
        serialize=str,
        parse_value=_partial_date,
    ),
    Date: strawberry.scalar(name="Date", description="A civil date, ISO 8601.", serialize=str, parse_value=_date),
    DateTime: strawberry.scalar(
        name="DateTime", description="An instant, ISO 8601 with a zone.", serialize=instant_text, parse_value=_instant
    ),
    Decimal: strawberry.scalar(
        name="Decimal", description="An exact decimal number, as text.", serialize=plain_decimal, parse_value=_decimal
    ),
}
