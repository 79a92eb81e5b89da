"""Packed answers, unpacked a bounded piece at a time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from typing import Any, Final, cast

from coredata_async.transport.http11.errors import BrokenError, CutShortError, TooLargeError
from coredata_async.transport.http11.limits import is_refusal, limit_of

PIECE: Final = 1 << 20
"""Bytes that are unpacked at once."""
_INLINE: Final = 16 << 10
"""Packed bytes that are unpacked in the event loop: at most a thousand times as many come out, in 30 ms."""
_SLICE: Final = 16 << 10
"""Packed bytes that zlib is given at once. It copies what follows a member, so that the time for many tiny
members in one large block would be quadratic."""
_EMPTY_MEMBERS: Final = 1000
"""Maximum number of consecutive members of gzip without content. Concatenated files have one or two."""
_MAGIC: Final = b"\x1f\x8b"
"""How a member of gzip begins."""


class Unpacking:
    """Undoes gzip (of any number of members) or deflate (with or without the head of zlib).

    No bytes at all are no bytes, and what follows the last member is ignored: some servers pad it.
    """

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._engine: Any = None
        self._after: bytes = b""
        """What came after a member, as long as it may be the beginning of another."""
        self._over = False
        self._empty = 0
        """Number of members that ended since the last byte of content."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that come out of what came.

        Raises:
            BrokenError: It is not packed as it says.
        """
        for start in range(0, len(data), _SLICE):
            yield from self._feed(data[start : start + _SLICE])

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            CutShortError: Something is missing.
        """
        if self._engine is not None and not self._engine.eof:
            raise CutShortError("")

    def _feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._engine is None:
                self._engine = zlib.decompressobj(self._window(data))
            elif self._engine.eof:
                data = self._next_member(data)
                continue
            try:
                piece = self._engine.decompress(data, PIECE)
            except zlib.error:
                raise BrokenError("what came cannot be unpacked") from None
            data = cast("bytes", self._engine.unconsumed_tail or self._engine.unused_data)
            if piece:
                self._empty = 0
                yield piece

    def _next_member(self, data: bytes) -> bytes:
        """Return what is to be unpacked after the end of a member: nothing, unless another one begins."""
        if not self._gzip or self._over:
            return b""
        data, self._after = self._after + data, b""
        if data.startswith(_MAGIC):
            self._engine = zlib.decompressobj(31)
            self._empty += 1
            if self._empty > _EMPTY_MEMBERS:
                raise BrokenError("what came cannot be unpacked")
            return data
        if _MAGIC.startswith(data):
            self._after = data
        else:
            self._over = True
        return b""

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return 31
        return 15 if data[0] & 0xF == 8 else -15  # noqa: PLR2004  # as zlib begins, which many leave out


def decompressor(coding: str | None) -> Unpacking | None:
    """Return what undoes a Content-Encoding; what was not asked for stays as it is."""
    coding = (coding or "").strip().lower()
    return Unpacking(coding) if coding in {"gzip", "x-gzip", "deflate"} else None


async def decompress(data: bytes, coding: str, status: int) -> bytes:
    """Unpack a whole body, in a thread if it may be large; of an error, what can be, up to a limit.

    Raises:
        BrokenError: It is not packed as it says.
        CutShortError: Something is missing.
        TooLargeError: It unpacks to more than the limit.
    """
    engine = decompressor(coding)
    if engine is None:
        return data
    if len(data) <= _INLINE:
        return _decompress(data, engine, status)
    return await asyncio.to_thread(_decompress, data, engine, status)


def _decompress(data: bytes, engine: Unpacking, status: int) -> bytes:
    limit = limit_of(status)
    pieces: list[bytes] = []
    try:
        for piece in engine.feed(data):
            pieces.append(piece)
            if len(pieces) * PIECE > limit and sum(map(len, pieces)) > limit:
                break
        else:
            engine.end()
    except (BrokenError, CutShortError):
        if not is_refusal(status):
            raise
    found = b"".join(pieces)
    if is_refusal(status):
        return found[:limit] or data
    if len(found) > limit:
        raise TooLargeError(limit)
    return found
