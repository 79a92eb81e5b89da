"""What a shell gives as text, and what it becomes: points in time, days, pairs of them, JSON."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from click import BadParameter

from coredata_async.wire.lookups import Instant

_PAIR: Final = 2


def when(text: str) -> Instant:
    """A point in time with its zone, or a date, which means its midnight in UTC.

    Raises:
        BadParameter: Also for a time without a zone, which the server would take for UTC.
    """
    found = moment_or_day(text, "2024-12-31T23:59:59Z")
    if isinstance(found, datetime) and found.tzinfo is None:
        text = text.strip()
        raise BadParameter(
            f"{text} has no time zone: write {text}Z for UTC, an offset as {text}+01:00, or the date alone "
            "for its midnight in UTC"
        )
    return found


def moment_or_day(text: str, example: str) -> datetime | date:
    """A point in time, with or without a zone, or a date.

    Raises:
        BadParameter: It is neither.
    """
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"{text!r} is no point in time: write {example}, or the date alone") from None


def pair(text: str) -> tuple[Instant, Instant]:
    """Two points in time, joined by a comma."""
    ends = text.split(",")
    if len(ends) != _PAIR or not all(ends):
        raise BadParameter(f"{text!r} is no pair: give two, as 2024-01-01,2024-02-01")
    return when(ends[0]), when(ends[1])


def day(text: str) -> date:
    """A date without a time."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"{text!r} is no date: write it as 2024-12-31") from None


def json_value(text: str) -> Any:
    """JSON: as it is, from a file (`@name`), or from stdin (`-`)."""
    try:
        return json.loads(text_of(text), parse_constant=_no_number)
    except OSError as exc:
        raise BadParameter(f"{text[1:]} cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise BadParameter(f"this is no JSON: {exc}") from None


def json_object(text: str) -> Any:
    """A JSON object."""
    found = json_value(text)
    if not isinstance(found, dict):
        raise BadParameter("this is no JSON object: write it as '{\"name\": …}'")
    return found  # pyright: ignore[reportUnknownVariableType]


def parameter(text: str) -> tuple[str, str]:
    """`name=value`."""
    name, is_one, value = text.partition("=")
    if not name or not is_one:
        raise BadParameter(f"{text!r} must look like name=value")
    return name, value


def text_of(text: str) -> str:
    """The text itself, or that of a file (`@name`), or of stdin (`-`)."""
    if text == "-":
        return sys.stdin.buffer.read().decode("utf-8")  # whatever the locale's encoding is
    return Path(text[1:]).read_text("utf-8") if text.startswith("@") else text


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")
