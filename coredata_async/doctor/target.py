"""The far end as the doctor asks it: raw requests, raw replies, and what was noticed on the way."""

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
"""An object as it came."""


@frozen(kw_only=True)
class Envelope:
    """One page of a list, as it came."""

    limit: object
    next: object
    total: int
    objects: Sequence[Fields]


@define
class ExchangeCounter:
    """Counts exchanges; it is a hook."""

    requests: int = 0
    throttled: int = 0
    """Answers 429 and 503."""
    longest: float | None = None
    """The most seconds a Retry-After asked for."""

    def __call__(self, event: Exchanged) -> None:
        """Take note of one attempt."""
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
    """Seconds since the epoch, by this machine."""
    sleep: Callable[[float], Awaitable[object]]
    token: str = field(factory=lambda: uuid.uuid4().hex[:12])
    """In the name of whatever is made, and of nothing else in the world."""
    reserved: Reservation | None = field(default=None, repr=False)
    """A place in the storage that was asked for; nothing is put there."""
    reserved_at: float | None = None
    """When, by the service's clock."""

    async def get(self, path: str, **query: str) -> Reply:
        """Ask the service, whatever it answers."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        return await self.engine.api(Request("GET", target, JSON_HEADERS))

    async def page(self, path: str, **query: str) -> Envelope:
        """Ask for a list.

        Raises:
            APIError: It was refused.
            ValueError: What came is no list.
        """
        return envelope(await self._read(path, query))

    async def object(self, path: str) -> Fields:
        """Ask for one object.

        Raises:
            APIError: It was refused.
            ValueError: What came is no object.
        """
        found = _fields(from_json((await self._read(path, {})).body))
        if not found:
            raise ValueError(f"what {path} answers is no object")
        return found

    async def _read(self, path: str, query: Mapping[str, str]) -> Reply:
        reply = await self.get(path, **query)
        if reply.status != HTTPStatus.OK:
            raise refusal(Request("GET", path), reply, HTTPStatus.OK)
        return reply


def envelope(reply: Reply) -> Envelope:
    """Read a list as it came.

    Raises:
        ValueError: It is none.
    """
    whole = _fields(from_json(reply.body))
    meta, objects = _fields(whole.get("meta")), whole.get("objects")
    total = meta.get("total_count")
    if not isinstance(total, int) or not isinstance(objects, list):
        why = "the answer is no listing: it lacks 'meta' with 'total_count', or 'objects'"
        raise ValueError(why)  # noqa: TRY004  # of the server's making
    return Envelope(
        limit=meta.get("limit"),
        next=meta.get("next"),
        total=total,
        objects=[_fields(each) for each in cast("list[object]", objects)],
    )


def _fields(value: object) -> Fields:
    """An object as it came; of anything else, nothing."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def date_of(reply: Reply) -> float | None:
    """The far end's own clock, in whole seconds, when it answered."""
    try:
        said = parsedate_to_datetime(reply.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
