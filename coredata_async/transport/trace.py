"""Tracing: one log line and one event for hooks per attempt, without query strings and bodies."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable
from urllib.parse import urlsplit

from attrs import frozen

from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import NO_SECRETS, Redactor

log = logging.getLogger("coredata_async.http")
# Every client imports this module. Without a handler, warnings would go to stderr.
logging.getLogger("coredata_async").addHandler(logging.NullHandler())

_PORTS: Final = {"http": 80, "https": 443}


@frozen
class Exchanged:
    """One attempt at an exchange, as passed to hooks."""

    method: str
    path: str
    """Without the query; for a signed URL, host and path."""
    status: int | None
    """None if no response was received."""
    seconds: float
    request_id: str | None = None
    error: str | None = None
    """Name of the class of the exception."""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""
    signed: bool = False
    """True if it was sent to the storage, by a signed URL."""
    attempt: int = 1
    """Number of the attempt at this request, from 1."""
    host: str = ""
    """Name or address of the server."""
    port: int | None = None
    """Port of the server."""


Hook = Callable[[Exchanged], object]
"""Called in the event loop after each attempt. It must be fast; an exception from it ends the call.

It may have two further methods: see `operations.OperationHook`, and `WaitHook`.
"""


@runtime_checkable
class WaitHook(Protocol):
    """A hook with a method for requests that waited for a connection."""

    def record_wait(self, seconds: float, *, signed: bool) -> object:
        """Record that an attempt waited for a free connection; not called if one was free.

        Args:
            seconds: Duration of the wait.
            signed: True if the request goes to the storage.
        """
        ...


Target = tuple[str, str, int | None]
"""Path, host and port, as an event shows them."""


def trace(
    send: Send,
    hooks: Sequence[Hook] = (),
    *,
    redactor: Redactor = NO_SECRETS,
    base_url: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Log each attempt at level DEBUG and call the hooks.

    Args:
        send: The `Send` to trace.
        hooks: Called after each attempt that was not cancelled.
        redactor: Masks secrets in paths.
        base_url: Address of the server of requests whose target is a path.
        clock: Measures the duration, in seconds.
    """
    # A job repeats a few paths of the service; signed URLs are all different.
    remember = lru_cache(maxsize=64)(redactor.line)

    def through(request: Request) -> Awaitable[Reply]:
        if not hooks and not log.isEnabledFor(logging.DEBUG):
            return send(request)  # without a coroutine around it, which would be resumed each time
        return send_and_time(request)

    def describe(request: Request) -> Target:
        url = request.target if request.is_absolute else base_url
        path = (redactor.line if request.is_absolute else remember)(loggable_target(request))
        return path, *server_of(url)

    async def send_and_time(request: Request) -> Reply:
        began = clock()
        try:
            reply = await send(request)
        except Exception as exc:
            publish(_error_event(request, describe(request), exc, clock() - began))
            raise
        try:
            publish(_reply_event(request, describe(request), reply, clock() - began))
        except BaseException:
            await _close(reply)
            raise
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


async def _close(reply: Reply) -> None:
    """Close a reply that its reader does not get, because its connection would stay in use."""
    if reply.content is not None:
        await reply.content.aclose()


def _reply_event(request: Request, target: Target, reply: Reply, seconds: float) -> Exchanged:
    path, host, port = target
    number = reply.headers.get("X-Request-Id")
    return Exchanged(
        request.method,
        path,
        reply.status,
        seconds,
        None if number is None else reply.redactor.line(number),
        retry_after=reply.retry_after,
        signed=request.is_absolute,
        attempt=request.attempt,
        host=host,
        port=port,
    )


def _error_event(request: Request, target: Target, exc: Exception, seconds: float) -> Exchanged:
    path, host, port = target
    return Exchanged(
        request.method,
        path,
        None,
        seconds,
        error=type(exc).__name__,
        signed=request.is_absolute,
        attempt=request.attempt,
        host=host,
        port=port,
    )


def loggable_target(request: Request) -> str:
    """Return the loggable part of a target: the path; for a URL, host and path; never the query."""
    path = request.path
    if path.startswith("/"):
        return path
    _, slash, rest = path.partition("://")[2].partition("/")
    return f"{server_of(path)[0]}{slash}{rest}"


def server_of(url: str) -> tuple[str, int | None]:
    """Return host and port of a URL, without user name and password."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return _server(scheme.lower(), rest.partition("/")[0])


@lru_cache(maxsize=64)
def _server(scheme: str, authority: str) -> tuple[str, int | None]:
    """Return host and port. Cached: signed URLs are all different, but their hosts are not."""
    parts = urlsplit(f"//{authority}")
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.hostname or "", port or _PORTS.get(scheme)
