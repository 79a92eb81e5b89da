"""Bytes on their way, in either direction, as the faults let them pass."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from attrs import define

CHUNK = 256 * 1024
_TICK = 10
"""A slowed flow passes so many pieces a second, so that it trickles and does not lurch."""


class Aborted(Exception):  # noqa: N818 (a scripted end, not a failure)
    """The connection is to be broken off here."""


@define(eq=False)
class BodyStream:
    """An iterator over what `read(n)` gives until it gives nothing."""

    read: Callable[[int], Awaitable[bytes]]
    hold: Callable[[], Awaitable[None]]
    """Waits for as long as the other side keeps the connection."""
    cut: int | None = None
    stall: int | None = None
    rate: int | None = None
    corrupt: int | None = None
    passed: int = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read(await self._width())
        if not piece:
            raise StopAsyncIteration
        start, self.passed = self.passed, self.passed + len(piece)
        if self.rate:
            await asyncio.sleep(len(piece) / self.rate)
        if self.corrupt is not None and start <= self.corrupt < self.passed:
            return flip_byte(piece, self.corrupt - start)
        return piece

    async def _width(self) -> int:
        """Return how much may be read now; raise when this is where it ends."""
        width = CHUNK
        if self.stall is not None:
            if self.passed >= self.stall:
                await self.hold()
                raise Aborted
            width = min(width, self.stall - self.passed)
        if self.cut is not None:
            if self.passed >= self.cut:
                raise Aborted
            width = min(width, self.cut - self.passed)
        if self.rate:
            width = min(width, max(1, self.rate // _TICK))
        return width


def flip_byte(data: bytes, at: int) -> bytes:
    """Return the data with one byte inverted."""
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def from_bytes(data: bytes) -> Callable[[int], Awaitable[bytes]]:
    """Return a `read(n)` over bytes that are held already."""
    position = 0

    async def read(size: int) -> bytes:
        nonlocal position
        piece = data[position : position + size]
        position += len(piece)
        return piece

    return read
