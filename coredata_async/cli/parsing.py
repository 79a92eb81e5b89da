"""Parsers for sizes, durations, ages, times and JSON on a command line: `10M`, `2h30m`, `7d`."""

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

from coredata_async.wire.resource import Instant

_SIZE: Final = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([KMGT]?)(?:iB)?", re.ASCII | re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SPAN: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?[wdhms])+", re.ASCII)
_PART: Final = re.compile(r"([\d.]+)([wdhms])", re.ASCII)
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def size(text: str) -> int:
    """Parse a number of bytes; K, M, G and T are units of 1024, as with rsync, curl and rclone.

    Raises:
        BadParameter: If it is not a size. `KB` is refused, because some read it as 1000 and some as 1024.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadParameter(f"{text!r} is not a size: write 500, 64K, 10M or 1.5G (K is 1024 bytes)")
    return int(Decimal(found[1]) * 1024 ** _POWERS[found[2].upper()])


def duration(text: str) -> float:
    """Parse a duration such as `2h30m` or `90s` (also w and d) into seconds. A plain number is seconds."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text, re.ASCII):
        return float(text)
    if not _SPAN.fullmatch(text):
        raise BadParameter(f"{text!r} is not a duration: write 90s, 2h30m or 7d")
    units = [unit for _, unit in _PART.findall(text)]
    if units != sorted(set(units), key="wdhms".index):
        raise BadParameter(
            f"{text!r} is not a duration: write each unit once, the largest first, as in 2h30m"
        )
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


def moment(text: str) -> float:
    """Parse a time, a date or an age into seconds since the epoch: `7d` is a week ago."""
    return moment_at(text, time.time())


def moment_at(text: str, now: float) -> float:
    """Parse a time, a date or an age relative to `now`."""
    if _SPAN.fullmatch(text.strip()):
        return now - duration(text)
    try:
        found = when(text)
    except BadParameter as exc:
        raise BadParameter(f"{exc.message}; or an age, as in 7d or 12h") from None
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return found.timestamp()


_PAIR: Final = 2


def when(text: str) -> Instant:
    """Parse a time with its zone, or a date, which means its midnight in UTC.

    Raises:
        BadParameter: If it is not a time, or has no zone, because the server would read it as UTC.
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
    """Parse a time, with or without a zone, or a date.

    Raises:
        BadParameter: If it is neither.
    """
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"{text!r} is not a time: write {example}, or the date alone") from None


def pair(text: str) -> tuple[Instant, Instant]:
    """Parse two times, joined by a comma."""
    ends = text.split(",")
    if len(ends) != _PAIR or not all(ends):
        raise BadParameter(f"{text!r} is not a pair: give two, as in 2024-01-01,2024-02-01")
    return when(ends[0]), when(ends[1])


def day(text: str) -> date:
    """Parse a date without a time."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"{text!r} is not a date: write it as 2024-12-31") from None


def json_value(text: str) -> Any:
    """Parse JSON from the argument, from a file (`@name`), or from stdin (`-`)."""
    try:
        return json.loads(text_of(text), parse_constant=_no_number)
    except OSError as exc:
        raise BadParameter(f"{text[1:]} cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise BadParameter(f"this is not valid JSON: {exc}") from None


def json_object(text: str) -> Any:
    """Parse a JSON object."""
    found = json_value(text)
    if not isinstance(found, dict):
        raise BadParameter("this is not a JSON object: write it as '{\"name\": …}'")
    return found  # pyright: ignore[reportUnknownVariableType]


def parameter(text: str) -> tuple[str, str]:
    """Parse `name=value`."""
    name, is_one, value = text.partition("=")
    if not name or not is_one:
        raise BadParameter(f"{text!r} must look like name=value")
    return name, value


def text_of(text: str) -> str:
    """Return the text, or the content of a file (`@name`) or of stdin (`-`)."""
    if text == "-":
        return sys.stdin.buffer.read().decode("utf-8")  # regardless of the locale's encoding
    return Path(text[1:]).read_text("utf-8") if text.startswith("@") else text


def local_time(text: str) -> datetime | date:
    """Parse a date or a time in the account's own local time.

    Raises:
        BadParameter: If the text is not a date, or has a time zone, because the account's zone is unknown.
    """
    found = moment_or_day(text, "2024-12-31T23:59")
    if isinstance(found, datetime) and found.tzinfo is not None:
        raise BadParameter(
            f"{text.strip()} has a time zone, which 5pm does not support: write the account's own local time"
        )
    return found


def secret_file(text: str) -> str:
    """Read a password from a file or from stdin, because other users of the system can see options."""
    if text != "-" and not text.startswith("@"):
        raise BadParameter("a password cannot be given as an option: write @FILE, or - for stdin")
    return text_of(text).rstrip("\r\n")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")
