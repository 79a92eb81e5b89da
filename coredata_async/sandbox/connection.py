"""Connection of a request: its streams of bytes, as the faults let them pass, its reset and its end."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Self, cast

from aiohttp import web
from attrs import define

CHUNK = 256 * 1024
_TICK = 10
"""Pieces per second of a slowed stream: small enough that it flows steadily."""
_LINGER_ZERO = struct.pack("ii", 1, 0)
_LOOK = 0.02


class Aborted(Exception):  # noqa: N818 (a scripted end, not a failure)
    """Exception that breaks the connection off at this point."""


@define(eq=False)
class BodyStream:
    """Iterator over the results of `read(n)` until one is empty."""

    read: Callable[[int], Awaitable[bytes]]
    hold: Callable[[], Awaitable[None]]
    """Waits as long as the client keeps the connection."""
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
        """Return the number of bytes that may be read now; raises at the end set by a fault."""
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
    """Return a `read(n)` over bytes in memory."""
    position = 0

    async def read(size: int) -> bytes:
        nonlocal position
        piece = data[position : position + size]
        position += len(piece)
        return piece

    return read


def reset(request: web.BaseRequest) -> None:
    """Break the connection off with a TCP RST."""
    transport = request.transport
    if transport is None:
        return
    # A plain abort() sends FIN; closing a socket with a linger time of zero sends RST.
    raw = cast("socket.socket | None", transport.get_extra_info("socket"))
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


def hang_up(request: web.BaseRequest) -> None:
    """Send the written bytes and close: the client sees a body that ends too soon."""
    if request.transport is not None:
        request.transport.close()


async def wait_closed(request: web.BaseRequest) -> None:
    """Wait until the client has closed the connection."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 (without an event)
        await asyncio.sleep(_LOOK)
