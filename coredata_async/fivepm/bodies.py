"""Bodies built from other bodies: several in a row, and bytes as base64 in a form."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from attrs import field, frozen

from coredata_async.message import Body
from coredata_async.storage.bodies import INLINE

Piece = bytes | Body


def size_of(piece: Piece) -> int:
    """Return the number of bytes in a piece."""
    return len(piece) if isinstance(piece, bytes) else piece.size


async def blocks_of(piece: Piece) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a piece in one pass."""
    if isinstance(piece, bytes):
        yield piece
        return
    async with aclosing(piece.chunks()) as blocks:
        async for block in blocks:
            yield block


@frozen
class Joined:
    """Pieces one after the other, sent as one body."""

    pieces: tuple[Piece, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Total length in bytes."""
        return sum(size_of(piece) for piece in self.pieces)

    @property
    def replayable(self) -> bool:
        """True if every piece is replayable."""
        return all(isinstance(piece, bytes) or piece.replayable for piece in self.pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of all pieces in one pass."""
        for piece in self.pieces:
            async with aclosing(blocks_of(piece)) as blocks:
                async for block in blocks:
                    yield block


def join(*pieces: Piece) -> Piece:
    """Join pieces to one: bytes if all of them are bytes."""
    held = [piece for piece in pieces if isinstance(piece, bytes)]
    return b"".join(held) if len(held) == len(pieces) else Joined(pieces)


_ESCAPES: Final = ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"))


def as_base64(data: bytes) -> bytes:
    """Encode bytes as base64 for a form value; the three characters with a meaning there are escaped."""
    text = b64encode(data)
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text


@frozen
class Base64:
    """Piece as base64 in a form, encoded while it is sent: memory is one block.

    Its length depends on the bytes, because `+` and `/` grow when they are escaped. It is therefore measured
    in a separate pass, see `measure`.
    """

    piece: Piece = field(repr=False)
    size: int

    @property
    def replayable(self) -> bool:
        """True if the piece is replayable."""
        return isinstance(self.piece, bytes) or self.piece.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the encoded bytes in one pass over the piece."""
        rest = b""
        async with aclosing(blocks_of(self.piece)) as blocks:
            async for block in blocks:
                data = rest + block
                whole = len(data) - len(data) % 3  # only the last block may end in `=`
                data, rest = data[:whole], data[whole:]
                if data:
                    yield await _encode(data)
        if rest:
            yield as_base64(rest)


async def measure(piece: Piece) -> Base64:
    """Return the piece as base64 with its length, which requires reading the piece once."""
    size = 0
    async with aclosing(Base64(piece, 0).chunks()) as blocks:
        async for block in blocks:
            size += len(block)
    return Base64(piece, size)


async def _encode(data: bytes) -> bytes:
    if len(data) <= INLINE:
        return as_base64(data)
    return await asyncio.to_thread(as_base64, data)
