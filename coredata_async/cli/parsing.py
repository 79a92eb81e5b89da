"""Sizes, lengths of time and ages, as a shell gives them: `10M`, `2h30m`, `7d`."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from click import BadParameter

from coredata_async.wire.lookups import Instant

_SIZE: Final = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([KMGT]?)(?:iB)?", re.ASCII | re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SPAN: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?[wdhms])+", re.ASCII)
_PART: Final = re.compile(r"([\d.]+)([wdhms])", re.ASCII)
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def size(text: str) -> int:
    """Bytes; with K, M, G or T, in units of 1024, as `K` is with rsync, curl and rclone.

    Raises:
        BadParameter: Also for `KB`, which some take for 1000 and some for 1024.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadParameter(f"{text!r} is no size: write it as 500, 64K, 10M or 1.5G (K is 1024 bytes)")
    return int(Decimal(found[1]) * 1024 ** _POWERS[found[2].upper()])


def duration(text: str) -> float:
    """Seconds, of `2h30m` or `90s`; also w and d. A number alone is seconds."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text, re.ASCII):
        return float(text)
    if not _SPAN.fullmatch(text):
        raise BadParameter(f"{text!r} is no length of time: write it as 90s, 2h30m or 7d")
    units = [unit for _, unit in _PART.findall(text)]
    if units != sorted(set(units), key="wdhms".index):
        raise BadParameter(f"{text!r}: write each unit once, the largest first, as 2h30m")
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


def moment(text: str) -> float:
    """Seconds since the epoch, of a time, a date, or an age: `7d` is a week ago."""
    return moment_at(text, time.time())


def moment_at(text: str, now: float) -> float:
    """A moment as seen from another one."""
    if _SPAN.fullmatch(text.strip()):
        return now - duration(text)
    try:
        found = when(text)
    except BadParameter as exc:
        raise BadParameter(f"{exc.message}; or an age, as 7d or 12h") from None
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return found.timestamp()


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
