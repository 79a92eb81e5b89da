"""Formatting of paths, amounts and durations for people."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Final

_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP: Final = 1000
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400

path_text: Final[Callable[[bytes], str]] = methodcaller("decode", "utf-8", "backslashreplace")
r"""Returns a path as text: bytes that are not UTF-8 become `\xNN`."""


def escape_unprintable(text: str) -> str:
    """Return the text with unprintable and bidirectional characters as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable_path(path: bytes) -> str:
    """Return a path as text without unprintable characters."""
    return escape_unprintable(path_text(path))


def format_bytes(count: float) -> str:
    """Return bytes in units of a thousand: `1.2 MB`."""
    unit = 0
    while unit + 1 < len(_UNITS) and round(count, 1 if unit else 0) >= _STEP:
        count, unit = count / _STEP, unit + 1
    return f"{count:,.1f} {_UNITS[unit]}" if unit else f"{count:,.0f} {_UNITS[0] if count != 1 else 'byte'}"


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units: `2 h 13 min`."""
    if seconds < 10:  # noqa: PLR2004  # below, tenths matter
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for unit, name, part, smaller in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // part} {smaller}"
    return f"{whole} s"


def files(count: int) -> str:
    """Return `1 file`, `2,000 files`."""
    return f"{count:,} {'file' if count == 1 else 'files'}"
