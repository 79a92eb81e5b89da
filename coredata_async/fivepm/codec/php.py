"""Encoding of arguments: PHP's brackets, with explicit indices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Literal, cast

from coredata_async.errors import ConfigurationError
from coredata_async.unset import UNSET

Dates = Literal["space", "t"]
"""`2026-11-22 10:00:00`, or `2026-11-22T10:00:00`. It is not documented which of them 5pm reads."""


def flatten(params: Mapping[str, object], *, dates: Dates = "space") -> list[tuple[str, str]]:
    """Return the arguments as pairs for a query or a form.

    `None` and `UNSET` are omitted. Booleans are 1 and 0, because PHP reads the text "false" as true. A list
    is counted from 0, a list of objects from 1, as in the vendor's example: with empty brackets PHP would
    make two objects of two fields. An empty list is sent as an empty text.

    Raises:
        ConfigurationError: For a value that cannot be encoded, and for a date with a time zone.
    """
    return [pair for name, value in params.items() for pair in _pairs(name, value, dates)]


def _pairs(name: str, value: object, dates: Dates) -> Iterator[tuple[str, str]]:
    if value is None or value is UNSET:
        return
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            yield from _pairs(f"{name}[{key}]", inner, dates)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        items = cast("Sequence[object]", value)
        if not items:
            yield name, ""
        first = 1 if items and isinstance(items[0], Mapping) else 0
        for index, inner in enumerate(items, first):
            yield from _pairs(f"{name}[{index}]", inner, dates)
    else:
        yield name, _text(name, value, dates)


def _text(name: str, value: object, dates: Dates) -> str:
    match value:
        case Enum():
            return _text(name, value.value, dates)
        case bool():
            return "1" if value else "0"
        case str():
            return value
        case int():
            return str(value)
        case float() | Decimal():
            if not math.isfinite(value):
                raise ConfigurationError(f"{name} must be a number, not {value}")
            return format(Decimal(str(value)), "f")  # some servers would read 1e-07 as a word
        case date():
            return _moment(name, value, dates)
        case _:
            raise ConfigurationError(f"{name}: a {type(value).__name__} cannot be sent to 5pm")


def _moment(name: str, value: date, dates: Dates) -> str:
    when = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    if when.tzinfo is not None:
        raise ConfigurationError(
            f"{name}: 5pm does not support time zones; give the account's own local time, without tzinfo"
        )
    return when.isoformat(sep=" " if dates == "space" else "T", timespec="seconds")
