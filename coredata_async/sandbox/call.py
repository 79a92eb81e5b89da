"""One request while it is served: its route, its arguments, its body, and its connection.

The streams of bytes let the faults slow, cut, stall or corrupt what passes.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Self, cast
from urllib.parse import parse_qsl

from aiohttp import web
from attrs import define

from coredata_async.sandbox import faults as effects
from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.faults import Effect
from coredata_async.sandbox.multipart import Form

CHUNK = 256 * 1024
_TICK = 10
"""Pieces per second of a slowed stream: small enough that it flows steadily."""
_LINGER_ZERO = struct.pack("ii", 1, 0)
_LOOK = 0.02
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


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


@define(eq=False, repr=False)
class Call:
    """Request, with the effects of the faults on it."""

    request: web.BaseRequest
    operation: str
    path: str
    """Raw path, with its final slash and without the query."""
    query: Mapping[str, str]
    """Decoded query; of a repeated name the last value counts, as in Django."""
    ids: tuple[str, ...]
    effect: Effect = effects.NONE
    form: Form | None = None
    received: int = 0
    """Number of bytes of the body that were read."""
    _flow: BodyStream | None = None
    _told: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the request; names are case-insensitive."""
        return self.request.headers

    @property
    def sync(self) -> bool:
        """True if the request asks to be indexed before the response (`?sync=true`)."""
        return self.query.get("sync", "").lower() == "true"

    def body(self, read: Callable[[int], Awaitable[bytes]] | None = None) -> BodyStream:
        """Return the request's body, or the part of it that `read` returns."""
        self.send_continue()
        self._flow = BodyStream(
            read or self.receive,
            hold=lambda: wait_closed(self.request),
            cut=self.effect.cut_upload,
            stall=self.effect.stall,
            rate=self.effect.rate,
            corrupt=self.effect.corrupt,
        )
        return self._flow

    def send_continue(self) -> None:
        """Send 100 Continue to a client that waits for it (curl does, above one megabyte)."""
        waits = self.headers.get("Expect", "").lower() == "100-continue"
        if waits and not self._told and self.request.transport:
            self.request.transport.write(_CONTINUE)
        self._told = True

    async def receive(self, size: int) -> bytes:
        """Read from the connection."""
        data = await self.request.content.read(size)
        self.received += len(data)
        return data

    @property
    def has_body(self) -> bool:
        """True if a body was received: then stalls and corruption apply to it, and not to the response."""
        return self._flow is not None and self._flow.passed > 0

    def expect_type(self, content_type: str) -> None:
        """Refuse a request whose body is declared as another type: 415, as the framework does (inferred)."""
        sent = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if sent != content_type:
            raise refuse(f"Content-Type must be {content_type}, not {sent or 'missing'}.", 415)

    async def json(self, *, typed: bool = True) -> Mapping[str, object]:
        """Read the body as one JSON object; `typed` requires the matching Content-Type."""
        if typed:
            self.expect_type("application/json")
        body = b"".join([piece async for piece in self.body()])
        try:
            value: object = json.loads(body)
        except (ValueError, RecursionError):
            raise refuse("The body is not JSON.") from None
        if not isinstance(value, dict):
            raise refuse("The body is not a JSON object.")
        return cast("dict[str, object]", value)

    async def commit(self) -> None:
        """Mark the point right before the change: here `commit_late` breaks off, waits, and continues."""
        if self.effect.commit_late is not None:
            reset(self.request)
            await asyncio.sleep(self.effect.commit_late)


def parse_query(query: str) -> dict[str, str]:
    """Return a raw query as names and values."""
    return dict(parse_qsl(query, keep_blank_values=True))
