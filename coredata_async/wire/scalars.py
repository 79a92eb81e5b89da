"""Single values of JSON as the types that models have, lenient where the service's samples disagree.

Each takes a second argument, which `cattrs` fills with the type that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, cast

STAMP: Final = len("2023-10-25T19:01:18")
"""The length of a timestamp as the service writes it today."""


def expected(what: str, value: object) -> ValueError:
    """The error for a value that cannot be what its field says."""
    return ValueError(f"expected {what}, not {repr(value)[:60]}")


def moment(text: str) -> datetime:
    """A timestamp as the service writes it: without a zone it is UTC.

    Microseconds, an offset, a date alone, and a colon in place of the decimal point all occur.
    """
    if len(text) == STAMP:
        return datetime.fromisoformat(text + "+00:00")
    hours, colon, fraction = text.rpartition(":")
    if colon and len(fraction) == len("234123") and fraction.isdigit():
        text = f"{hours}.{fraction}"
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def as_text(value: object, _: object = None) -> str:
    """A text, or a number as one."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise expected("text", value)


def as_whole(value: object, _: object = None) -> int:
    """A whole number, or a text of digits as one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise expected("a whole number", value)


def as_truth(value: object, _: object = None) -> bool:
    """True or false, and nothing that only looks like it."""
    if isinstance(value, bool):
        return value
    raise expected("true or false", value)


def as_moment(value: object, _: object = None) -> datetime:
    """A timestamp."""
    return moment(as_text(value))


def as_day(value: object, _: object = None) -> date:
    """A date, or the date of a timestamp."""
    return date.fromisoformat(as_text(value)[: len("2023-10-25")])


def as_mapping(value: object, _: object = None) -> Mapping[str, Any]:
    """A JSON object, as it came."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise expected("an object", value)


def as_it_is(value: object, _: object = None) -> object:
    """Whatever came."""
    return value
