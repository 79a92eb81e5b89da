"""Sizes, lengths of time and ages, as a shell gives them: `10M`, `2h30m`, `7d`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from click import BadParameter

from coredata_async.cli.values import when

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
