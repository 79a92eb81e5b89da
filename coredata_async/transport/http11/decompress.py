"""Memory of response bodies: decompression in pieces of bounded size, and limits of bodies that are held.

Streamed bodies are not limited.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, cast

from coredata_async.transport.http11.errors import BrokenError, CutShortError, TooLargeError

PIECE: Final = 1 << 20
"""Maximum bytes of one decompressed piece."""
_INLINE: Final = 16 << 10
"""Compressed bodies up to this many bytes are decompressed in the event loop: they expand at most a
thousandfold, in 30 ms.
"""
_SLICE: Final = 16 << 10
"""Compressed bytes passed to zlib at once. It copies the bytes that follow a member, so the time for many
tiny members in one large block would be quadratic.
"""
_EMPTY_MEMBERS: Final = 1000
"""Maximum number of consecutive members of gzip without content. Concatenated files have one or two."""
_MAGIC: Final = b"\x1f\x8b"
"""First bytes of a gzip member."""
BODY: Final = 64 << 20
"""Maximum bytes of a body that is read whole, also after decompression. A page of a listing has some hundred
KB. A longer body is an error.
"""
ERROR: Final = 1 << 20
"""Maximum bytes read of the body of a redirect or an error. The rest is dropped, because the status is
sufficient.
"""


class Unpacking:
    """Decompressor of gzip (with any number of members) and deflate (with or without zlib header).

    Empty input gives empty output. Bytes that follow the last member are ignored, because some servers pad
    it.
    """

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._engine: Any = None
        self._after: bytes = b""
        """Bytes after a member, while they may be the beginning of another one."""
        self._over = False
        self._empty = 0
        """Number of members that ended since the last byte of content."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed pieces of the given bytes.

        Raises:
            BrokenError: If the data is invalid.
        """
        for start in range(0, len(data), _SLICE):
            yield from self._feed(data[start : start + _SLICE])

    def end(self) -> None:
        """Check that the data is complete.

        Raises:
            CutShortError: If the end is missing.
        """
        if self._engine is not None and not self._engine.eof:
            raise CutShortError("")

    def _feed(self, data: bytes) -> Iterator[bytes]:
        is_full = False
        while data or is_full:  # zlib may have taken all input before the output of a full piece
            if self._engine is None:
                self._engine = zlib.decompressobj(self._window(data))
            elif self._engine.eof:
                data, is_full = self._next_member(data), False
                continue
            try:
                piece = self._engine.decompress(data, PIECE)
            except zlib.error:
                raise BrokenError("the response cannot be decompressed") from None
            data = cast("bytes", self._engine.unconsumed_tail or self._engine.unused_data)
            is_full = len(piece) == PIECE
            if piece:
                self._empty = 0
                yield piece

    def _next_member(self, data: bytes) -> bytes:
        """Return the data to decompress after the end of a member: empty unless another member begins."""
        if not self._gzip or self._over:
            return b""
        data, self._after = self._after + data, b""
        if data.startswith(_MAGIC):
            self._engine = zlib.decompressobj(31)
            self._empty += 1
            if self._empty > _EMPTY_MEMBERS:
                raise BrokenError("the response cannot be decompressed")
            return data
        if _MAGIC.startswith(data):
            self._after = data
        else:
            self._over = True
        return b""

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return 31
        return 15 if data[0] & 0xF == 8 else -15  # noqa: PLR2004  # the zlib header, which many servers omit


def decompressor(coding: str | None) -> Unpacking | None:
    """Return the decompressor for a Content-Encoding, or None for encodings that were not requested."""
    coding = (coding or "").strip().lower()
    return Unpacking(coding) if coding in {"gzip", "x-gzip", "deflate"} else None


async def decompress(data: bytes, coding: str, status: int) -> bytes:
    """Decompress a whole body, in a thread if it may be large; for an error response, as far as possible.

    Raises:
        BrokenError: If the data is invalid.
        CutShortError: If the end is missing.
        TooLargeError: If the decompressed body exceeds the limit.
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
    content = b"".join(pieces)
    if is_refusal(status):
        return content[:limit] or data
    if len(content) > limit:
        raise TooLargeError(limit)
    return content


def is_refusal(status: int) -> bool:
    """Return whether the beginning of a body is sufficient."""
    return status >= HTTPStatus.MULTIPLE_CHOICES


def limit_of(status: int) -> int:
    """Return the maximum number of bytes read of a response body."""
    return ERROR if is_refusal(status) else BODY
