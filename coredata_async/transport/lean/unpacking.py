"""Packed answers, unpacked a bounded piece at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from coredata_async.transport.lean.faults import BrokenError, CutShortError

PIECE: Final = 1 << 20
"""Bytes that are unpacked at once."""
LIMIT: Final = 256 << 20
"""Bytes of a packed answer that are held whole: a thousandth of it on the wire may unpack to so much."""


class Unpacking:
    """Undoes gzip (of any number of members) or deflate (with or without the head of zlib)."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._engine = zlib.decompressobj(31) if self._gzip else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that come out of what came.

        Raises:
            BrokenError: It is not packed as it says.
        """
        while data:
            if self._engine is None or (self._gzip and self._engine.eof):
                self._engine = zlib.decompressobj(self._window(data))
            try:
                piece = self._engine.decompress(data, PIECE)
            except zlib.error:
                raise BrokenError("what came cannot be unpacked") from None
            data = self._engine.unconsumed_tail or (self._engine.unused_data if self._gzip else b"")
            if piece:
                yield piece
            elif self._engine.eof and not self._gzip:
                return

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            CutShortError: Something is missing.
        """
        if self._engine is not None and not self._engine.eof:
            raise CutShortError("")

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return 31
        return 15 if data[0] & 0xF == 8 else -15  # noqa: PLR2004  # as zlib begins, which many leave out


def unpacking(coding: str) -> Unpacking | None:
    """What undoes a Content-Encoding; what was not asked for stays as it is."""
    coding = coding.strip().lower()
    return Unpacking(coding) if coding in {"gzip", "x-gzip", "deflate"} else None


def unpacked(data: bytes, coding: str) -> bytes:
    """A whole body.

    Raises:
        BrokenError: It is not packed as it says, or unpacks to more than anybody asked for.
        CutShortError: Something is missing.
    """
    engine = unpacking(coding)
    if engine is None or not data:
        return data
    pieces: list[bytes] = []
    size = 0
    for piece in engine.feed(data):
        size += len(piece)
        if size > LIMIT:
            raise BrokenError("what came unpacks to far too much")
        pieces.append(piece)
    engine.end()
    return b"".join(pieces)
