"""Scalar JSON values as the types of models, lenient where the service's samples disagree.

Each function takes a second argument, which `cattrs` fills with the target type.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from coredata_async.json_text import check_depth

_QUOTED: Final = 60
"""Maximum number of characters of a text that a message quotes. The beginning of a longer one could be part
of a secret.
"""
_HUGE: Final = 10**_QUOTED
STAMP: Final = len("2023-10-25T19:01:18")
"""Length of a timestamp as the service writes it today."""


_EXACT: Final = 1 << 53
"""Above this number, not every integer has its own float."""


class PartlyReadableError(ValueError):
    """A list of which some items cannot be read; `value` has the others."""

    def __init__(self, value: tuple[Any, ...], reason: ValueError) -> None:
        super().__init__(str(reason))
        self.value = value


def value_error_for(what: str, value: object) -> ValueError:
    """Return the error for a value of the wrong type. It quotes short values only, never parts."""
    return ValueError(f"expected {what}, not {_describe(value)}")


def _describe(value: object) -> str:
    match value:
        case int() if abs(value) >= _HUGE:  # `repr` may reject it
            return "a huge number"
        case None | bool() | int() | float():
            return repr(value)
        case str():
            return repr(value) if len(value) <= _QUOTED else f"a text of {len(value)} characters"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


def moment(text: str) -> datetime:
    """Read a timestamp as the service writes it; without a zone it is UTC.

    Microseconds, an offset, a date alone, and a colon in place of the decimal point all occur.

    Raises:
        ValueError: If the point in time does not exist.
    """
    if text[11:13] == "24":
        raise ValueError(f"hour must be in 0..23: {text[:40]!r}")  # Python 3.14 reads it as the next day
    if len(text) == STAMP:
        return datetime.fromisoformat(text + "+00:00")
    hours, colon, fraction = text.rpartition(":")
    if colon and len(fraction) == len("234123") and fraction.isdigit():
        text = f"{hours}.{fraction}"
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    try:
        when.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is outside the years 1 to 9999 in UTC") from None
    return when


def as_text(value: object, _: object = None) -> str:
    """Read a text, or a number as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    raise value_error_for("text", value)


def as_int(value: object, _: object = None) -> int:
    """Read a whole number, also from a text of digits or a float such as 3.0."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise value_error_for("a whole number", value)


def as_bool(value: object, _: object = None) -> bool:
    """Read true or false, and reject everything else."""
    if isinstance(value, bool):
        return value
    raise value_error_for("true or false", value)


def as_datetime(value: object, _: object = None) -> datetime:
    """Read a timestamp."""
    return moment(as_text(value))


def as_date(value: object, _: object = None) -> date:
    """Read a date, or the date of a timestamp."""
    return date.fromisoformat(as_text(value)[: len("2023-10-25")])


def as_mapping(value: object, _: object = None) -> Mapping[str, Any]:
    """Return a JSON object unchanged."""
    if isinstance(value, dict):
        return check_depth(cast("dict[str, Any]", value))
    raise value_error_for("an object", value)


def as_is(value: object, _: object = None) -> object:
    """Return any value unchanged."""
    return check_depth(value)
