r"""Escapes in text: those written for control characters, and those decoded to search behind them.

Characters that control a terminal or a log (line breaks, escapes, direction marks) are escaped before a text
is shown. A search for a secret must find it behind any escape (`\u003d`, `%3D`, `&#61;` and the like, also
nested), and then remove it from the original text. Therefore each decoded character keeps its original
position.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

from attrs import frozen

_DIRECTION: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BREAKS: Final = "\u2028\u2029"
_UNPAIRED: Final = "\ud800-\udfff"
_CONTROLS: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{_BREAKS}{_DIRECTION}\ufeff{_UNPAIRED}]")
_NOT_ESCAPED_BY_JSON: Final = re.compile(f"[\x7f-\x9f{_BREAKS}{_DIRECTION}\ufeff{_UNPAIRED}]")
DEPTH: Final = 4
"""Maximum number of times that a text is decoded: JSON within JSON within HTML needs three."""
_NAMED: Final = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "equals": "=", "quest": "?", "sol": "/",
    "colon": ":", "plus": "+", "percnt": "%", "num": "#", "lowbar": "_", "period": ".", "commat": "@",
    "hyphen": "-", "bsol": "\\",
}  # fmt: skip
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ESCAPE: Final = re.compile(
    r"""
    \\u(?P<u4>[0-9a-fA-F]{4}) | \\u\{(?P<ub>[0-9a-fA-F]{1,6})\} | \\U(?P<u8>[0-9a-fA-F]{8})
    | \\x(?P<x2>[0-9a-fA-F]{2}) | %(?P<percent>[0-9a-fA-F]{2}) | &\#[xX](?P<hex>[0-9a-fA-F]{1,6});?
    | &\#(?P<decimal>[0-9]{1,7});? | \\(?P<octal>[0-7]{3}) | \\(?P<letter>[nrtbf]) | \\(?P<itself>[^\w\s])
    | &(?P<named>"""
    + "|".join(_NAMED)
    + r""");
    """,
    re.VERBOSE,
)
_GAP: Final = re.compile(
    r"(?:=\r?\n|</?w?br\s*/?>|[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])+",
    re.IGNORECASE,
)
"""Spaces, or invisible characters, within a word."""
_BASES: Final = {"u4": 16, "ub": 16, "u8": 16, "x2": 16, "percent": 16, "hex": 16, "decimal": 10, "octal": 8}
_HIGHEST: Final = 0x10FFFF


def describe_half_pair(exc: UnicodeEncodeError) -> str:
    """Return the message for a text that has no UTF-8, because it contains half of a surrogate pair."""
    return f"{exc.object[exc.start : exc.end]!r} is half of a surrogate pair and cannot be sent; replace it"


def escape_controls(text: str) -> str:
    r"""Escape control characters as `\n`, `\x1b` or `\u202e`, so that the text is one harmless line.

    Text from a server or a file system is escaped here before it is part of a message, a log record or a line
    on a terminal.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def json_line(value: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    r"""Encode a value as JSON, with readable letters and with control characters as `\u009b`.

    NaN and the infinities, which JSON does not have, become null.

    Args:
        value: Any value that `json.dumps` accepts.
        indent: Spaces per level; None for one line.
        ascii_only: Also escape letters outside ASCII.
    """
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_without_nan(value), ensure_ascii=ascii_only, indent=indent)
    return _NOT_ESCAPED_BY_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(name): _without_nan(each) for name, each in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in cast("list[object]", value)]
    return value


def _key(name: object) -> object:
    return str(name) if isinstance(name, float) and not math.isfinite(name) else name


@frozen
class Decoded:
    """A text, with the original position of each of its characters."""

    text: str
    _starts: Sequence[int] = (0,)
    """Positions in the text where a piece begins: an escape, or the text between two of them."""
    _places: Sequence[int] = (0,)
    """The position of each piece in the text that was decoded."""
    _source: Decoded | None = None
    """The text that was decoded; None for the original."""

    def origin(self, position: int) -> int:
        """Return the position in the original."""
        piece = bisect_right(self._starts, position) - 1
        start = self._places[piece] + position - self._starts[piece]
        return start if self._source is None else self._source.origin(start)

    def origin_of_end(self, position: int) -> int:
        """Return the position in the original after the character before `position`."""
        last = position - 1
        piece = bisect_right(self._starts, last) - 1
        start = self._places[piece] + last - self._starts[piece] + 1
        return start if self._source is None else self._source.origin(start)


def decodings(text: str) -> Iterator[Decoded]:
    """Yield the text itself, then the text decoded once, twice and so on, while it contains an escape."""
    known: Decoded | None = Decoded(text)
    depth = 0
    while known is not None:
        yield known
        known = _decode(known) if depth < DEPTH else None
        depth += 1


def join_lines(source: Decoded) -> Decoded | None:
    """Remove spaces, line breaks and invisible characters; return None if the text has none of them.

    Mail programs, terminals and web pages break a long word in two.
    """
    return _replace(source, _GAP, lambda _: "")


def _decode(source: Decoded) -> Decoded | None:
    return _replace(source, _ESCAPE, _character)


def _replace(
    source: Decoded, pattern: re.Pattern[str], write: Callable[[re.Match[str]], str]
) -> Decoded | None:
    text, end, length = source.text, 0, 0
    pieces: list[str] = []
    starts: list[int] = []
    places: list[int] = []

    def add(piece: str, place: int) -> None:
        nonlocal length
        pieces.append(piece)
        starts.append(length)
        places.append(place)
        length += len(piece)

    for match in pattern.finditer(text):
        if end < match.start():
            add(text[end : match.start()], end)
        add(write(match), match.start())
        end = match.end()
    if not end:
        return None
    add(text[end:], end)  # even if it is empty, because the end of the text also has a position
    return Decoded("".join(pieces), starts, places, source)


def _character(match: re.Match[str]) -> str:
    """Return the character that an escape represents."""
    kind, written = str(match.lastgroup), match[match.lastgroup or 0]
    if kind == "named":
        return _NAMED[written]
    if kind == "itself":
        return written
    if kind == "letter":
        return _LETTERS[written]
    number = int(written, _BASES[kind])
    return chr(number) if number <= _HIGHEST else "\N{REPLACEMENT CHARACTER}"
