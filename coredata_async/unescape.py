r"""Decoding of text behind escapes: `\u003d`, `%3D`, `&#61;` and the like, also nested.

A search for a secret must find it in any of these forms, and then remove it from the original text. Therefore
each decoded character keeps its original position.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import frozen

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
