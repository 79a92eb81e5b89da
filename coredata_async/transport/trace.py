"""One line in the log, and one event for hooks, for every exchange; never a query string or a body."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from attrs import frozen

from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import NO_SECRETS, Redactor

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
    retry_after: float | None = None
    """Seconds the other end asked to wait."""
    signed: bool = False
    """Whether it went to the storage, by a signed URL."""


Hook = Callable[[Exchanged], object]
"""Called in the event loop after each attempt; it must be quick, and what it raises ends the call."""


def trace(
    send: Send,
    hooks: Sequence[Hook] = (),
    *,
    redactor: Redactor = NO_SECRETS,
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Log each attempt at level DEBUG, and tell the hooks; the redactor masks secrets in paths."""
    # A job uses a handful of the service's paths again and again; signed URLs are all different.
    remember = lru_cache(maxsize=64)(redactor.line)

    def through(request: Request) -> Awaitable[Reply]:
        if not hooks and not log.isEnabledFor(logging.DEBUG):
            return send(request)  # as it is: a coroutine around it would be resumed with it each time
        return timed_send(request)

    def path_of(request: Request) -> str:
        return (redactor.line if request.is_absolute else remember)(loggable_target(request))

    async def timed_send(request: Request) -> Reply:
        began = clock()
        try:
            reply = await send(request)
        except Exception as exc:
            publish(_error_event(request, path_of(request), exc, clock() - began))
            raise
        publish(_reply_event(request, path_of(request), reply, clock() - began))
        return reply

    def publish(event: Exchanged) -> None:
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


def _reply_event(request: Request, path: str, reply: Reply, seconds: float) -> Exchanged:
    number = reply.headers.get("X-Request-Id")
    return Exchanged(
        request.method,
        path,
        reply.status,
        seconds,
        None if number is None else reply.redactor.line(number),
        retry_after=reply.retry_after,
        signed=request.is_absolute,
    )


def _error_event(request: Request, path: str, exc: Exception, seconds: float) -> Exchanged:
    name = type(exc).__name__
    return Exchanged(request.method, path, None, seconds, error=name, signed=request.is_absolute)


def loggable_target(request: Request) -> str:
    """Return what of a target may be shown: no query, and of a URL host and path."""
    path = request.path
    if path.startswith("/"):
        return path
    place, slash, rest = path.partition("://")[2].partition("/")
    return f"{_hostname(place)}{slash}{rest}"


@lru_cache(maxsize=64)
def _hostname(place: str) -> str:
    """Without a port, or anybody's password; no two signed URLs are alike, but their hosts are."""
    return urlsplit(f"//{place}").hostname or ""
