"""Server that the doctor examines: raw requests, raw replies, and counts of exchanges."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, urlencode

from attrs import define, field, frozen

from coredata_async.call import refusal
from coredata_async.message import Reply, Request
from coredata_async.transfer.engine import Engine
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.blobs import Reservation
from coredata_async.wire.calls import JSON_HEADERS
from coredata_async.wire.convert import from_json

Fields = Mapping[str, object]
"""Undecoded object."""


@frozen(kw_only=True)
class Envelope:
    """One page of a list, undecoded."""

    limit: object
    next: object
    total: int
    objects: Sequence[Fields]


@define
class ExchangeCounter:
    """Counter of exchanges; a hook of the client."""

    requests: int = 0
    throttled: int = 0
    """Number of responses 429 and 503."""
    longest: float | None = None
    """Longest Retry-After, in seconds."""

    def __call__(self, event: Exchanged) -> None:
        """Record one attempt."""
        self.requests += 1
        self.throttled += event.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
        if event.retry_after is not None:
            self.longest = max(event.retry_after, self.longest or 0.0)


@define(eq=False, kw_only=True)
class Target:
    """One service and its storage."""

    engine: Engine
    tally: ExchangeCounter
    clock: Callable[[], float]
    """Returns seconds since the epoch, by this machine."""
    sleep: Callable[[float], Awaitable[object]]
    token: str = field(factory=lambda: uuid.uuid4().hex[:12])
    """Unique text in the name of everything that is created."""
    reserved: Reservation | None = field(default=None, repr=False)
    """Reservation in the storage; nothing is stored there."""
    reserved_at: float | None = None
    """Time of the reservation, by the service's clock."""

    async def get(self, path: str, **query: str) -> Reply:
        """Send a GET to the service, and return the reply, whatever its status."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        return await self.engine.api(Request("GET", target, JSON_HEADERS))

    async def page(self, path: str, **query: str) -> Envelope:
        """Read a page of a list.

        Raises:
            APIError: If the request was refused.
            ValueError: If the response is not a list.
        """
        return envelope(await self._read(path, query))

    async def object(self, path: str) -> Fields:
        """Read one object.

        Raises:
            APIError: If the request was refused.
            ValueError: If the response is not an object.
        """
        found = _fields(from_json((await self._read(path, {})).body))
        if not found:
            raise ValueError(f"the response to {path} is not an object")
        return found

    async def _read(self, path: str, query: Mapping[str, str]) -> Reply:
        reply = await self.get(path, **query)
        if reply.status != HTTPStatus.OK:
            raise refusal(Request("GET", path), reply, HTTPStatus.OK)
        return reply


def envelope(reply: Reply) -> Envelope:
    """Return an undecoded list.

    Raises:
        ValueError: If the response is not a list.
    """
    whole = _fields(from_json(reply.body))
    meta, objects = _fields(whole.get("meta")), whole.get("objects")
    total = meta.get("total_count")
    if not isinstance(total, int) or not isinstance(objects, list):
        why = "the response is not a listing: it lacks 'meta' with 'total_count', or 'objects'"
        raise ValueError(why)  # noqa: TRY004  # of the server's making
    return Envelope(
        limit=meta.get("limit"),
        next=meta.get("next"),
        total=total,
        objects=[_fields(each) for each in cast("list[object]", objects)],
    )


def _fields(value: object) -> Fields:
    """Return an undecoded object; an empty one for any other value."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def date_of(reply: Reply) -> float | None:
    """Return the server's clock, in whole seconds, at the time of the response."""
    try:
        said = parsedate_to_datetime(reply.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
