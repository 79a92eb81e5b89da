"""One request while it is served: its route, its arguments, and its body."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import cast
from urllib.parse import parse_qsl

from aiohttp import web
from attrs import define

from coredata_async.sandbox import faults as effects
from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.connection import BodyStream, reset, wait_closed
from coredata_async.sandbox.faults import Effect
from coredata_async.sandbox.multipart import Form

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


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
        """True if the request asks to be indexed before the response (facts 2.11: `?sync=true`)."""
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
        except ValueError:
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
