"""One line in the log, and one event for hooks, for every exchange; never a query string or a body."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from attrs import frozen

from coredata_async.message import Reply, Request, Send

log = logging.getLogger("coredata_async.http")
log.addHandler(logging.NullHandler())


@frozen
class Exchanged:
    """One attempt at one exchange, as hooks see it."""

    method: str
    path: str
    """Without a query; of a signed URL, host and path."""
    status: int | None
    """`None` if no answer came."""
    seconds: float
    request_id: str | None = None
    error: str | None = None
    """The class of what was raised."""


Hook = Callable[[Exchanged], object]
"""Called in the event loop after each attempt; it must be quick, and what it raises ends the call."""


def traced(send: Send, hooks: Sequence[Hook] = (), *, clock: Callable[[], float] = time.monotonic) -> Send:
    """Log each attempt at level DEBUG, and tell the hooks."""

    async def through(request: Request) -> Reply:
        if not hooks and not log.isEnabledFor(logging.DEBUG):
            return await send(request)
        began = clock()
        try:
            reply = await send(request)
        except Exception as exc:
            tell(Exchanged(request.method, shown(request), None, clock() - began, error=type(exc).__name__))
            raise
        number = reply.headers.get("X-Request-Id")
        tell(Exchanged(request.method, shown(request), reply.status, clock() - began, number))
        return reply

    def tell(event: Exchanged) -> None:
        log.debug(
            "%s %s -> %s in %.0f ms",
            event.method,
            event.path,
            event.status or event.error,
            event.seconds * 1e3,
        )
        for hook in hooks:
            hook(event)

    return through


def shown(request: Request) -> str:
    """What of a target may be shown."""
    parts = urlsplit(request.path)
    return f"{parts.hostname}{parts.path}" if parts.scheme else parts.path
