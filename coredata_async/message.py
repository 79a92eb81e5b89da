"""Requests and replies as values, and `Send`, the one function type for all I/O."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from coredata_async.json_text import check_depth, decode_json
from coredata_async.redaction import NO_SECRETS, Redactor
from coredata_async.secret import Secret

_LONGEST_DELAY: Final = 1e9
"""Maximum number of seconds of Retry-After: infinity could not be written as a number."""
_QUOTED: Final = 120
"""Maximum number of characters of a header that a message quotes."""


class Body(Protocol):
    """Bytes to send, which can be opened again, so that a repeated request never sends half of them."""

    @property
    def size(self) -> int:
        """Return the number of bytes that `chunks` yields: the Content-Length."""
        ...

    @property
    def replayable(self) -> bool:
        """Return whether `chunks` can be called a second time."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Open the source again and yield its bytes. Each block is a new object that is never modified."""
        ...


@frozen
class Held:
    """Bytes in memory as a `Body`."""

    data: bytes = field(repr=False)
    replayable: bool = True

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield all bytes as one block."""
        yield self.data


class Content(Protocol):
    """Body of a reply while it arrives. The code that requested it must close it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive."""
        ...

    async def aclose(self) -> None:
        """Release the connection, even if not everything was read."""
        ...


def _no_headers() -> Mapping[str, str]:
    return {}


@define(eq=False)
class Dispatch:
    """Record for a non-repeatable request: whether it may have reached the server.

    It begins as `True`, so that a `Send` that ignores it errs on the safe side. Retries set it to `False`
    before each attempt, and the transport sets it to `True` before the first byte is sent.
    """

    possible: bool = True


_NOT_READ: Final = Dispatch()
"""Of all repeatable requests."""


@frozen
class Request:
    """A request to send."""

    method: str
    target: str = field(repr=lambda target: repr(target.partition("?")[0]))
    """Path and encoded query on the service's host, or a whole signed URL, used byte for byte.

    The repr stops at the question mark, because the query of a signed URL is a secret.
    """
    headers: Mapping[str, str] = field(factory=_no_headers, repr=False)
    body: bytes | Body | None = field(default=None, repr=False)
    repeatable: bool = True
    """True if the request is safe to send again after its response was lost."""
    patience: float = 1.0
    """Factor for the response timeout."""
    stream: bool = False
    """True if the reply's body is streamed as `Reply.content`, not read into `Reply.body`."""
    dispatch: Dispatch = field(default=_NOT_READ, repr=False, eq=False)
    """One of its own for each request that is not repeatable: see `call.carry`."""
    redactor: Redactor = field(default=NO_SECRETS, repr=False, eq=False)
    """Masks the secrets of this request wherever its reply repeats them."""
    attempt: int = field(default=1, repr=False, eq=False)
    """Number of this attempt, from 1. Set by retries, for hooks."""

    def with_headers(self, headers: Mapping[str, str], redactor: Redactor | None = None) -> Request:
        """Return a copy with other headers. `attrs.evolve` takes five times as long, for every request."""
        return Request(
            self.method,
            self.target,
            headers,
            self.body,
            self.repeatable,
            self.patience,
            self.stream,
            self.dispatch,
            redactor or self.redactor,
            self.attempt,
        )

    def with_dispatch(self, dispatch: Dispatch) -> Request:
        """Return a copy with a record of its own."""
        return Request(
            self.method,
            self.target,
            self.headers,
            self.body,
            self.repeatable,
            self.patience,
            self.stream,
            dispatch,
            self.redactor,
            self.attempt,
        )

    def with_secrets(self, *secrets: Secret[str]) -> Request:
        """Return a copy with further secrets to mask in the text of the reply."""
        return self.with_headers(self.headers, self.redactor.also(*secrets))

    @property
    def is_absolute(self) -> bool:
        """Return whether the target is a whole URL, as signed ones are."""
        return self.target.startswith("http")

    @property
    def path(self) -> str:
        """The target without its query: the part that messages and logs may show."""
        return self.target.partition("?")[0]


@frozen
class Reply:
    """A reply with any status."""

    status: int
    headers: Mapping[str, str] = field(factory=_no_headers, repr=False)
    body: bytes = field(default=b"", repr=False)
    content: Content | None = field(default=None, repr=False, eq=False)
    attempts: int = 1
    elapsed: float = field(default=0.0, eq=False)
    """Seconds from the first attempt to this reply."""
    redactor: Redactor = field(default=NO_SECRETS, repr=False, eq=False)
    """Masks secrets in the parts of this reply that become part of an error, a log record or an event."""

    def header_line(self, name: str) -> str:
        """Return the beginning of a header for a message: one line, without secrets."""
        return self.redactor.line(self.headers.get(name, ""), _QUOTED)

    def with_attempts(self, attempts: int, elapsed: float) -> Reply:
        """Return a copy with the number of attempts and the elapsed time."""
        return Reply(self.status, self.headers, self.body, self.content, attempts, elapsed, self.redactor)

    def json(self) -> Any:
        """Decode the body.

        Raises:
            ValueError: If it is not JSON, or is nested too deeply.
        """
        return check_depth(decode_json(self.body))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, from either form of Retry-After (RFC 9110, 10.2.3)."""
        delay = self.headers.get("Retry-After", "").strip()
        if not delay:
            return None
        if delay.replace(".", "", 1).isdecimal():
            return min(float(delay), _LONGEST_DELAY)
        # The date can be compared only with the server's own clock.
        until, now = date_of(delay), date_of(self.headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds()) if until and now else None


def date_of(text: str) -> datetime | None:
    """Read an HTTP date, in UTC; return None if it is invalid or outside the years 1970 to 9000.

    A date outside is an error of the server, and would break the arithmetic and the databases of callers.
    """
    try:
        parsed = parsedate_to_datetime(text)
        # GMT, even if it does not say so (RFC 9110, 5.6.7).
        date = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date if 1970 <= date.year < 9000 else None  # noqa: PLR2004


Send = Callable[[Request], Awaitable[Reply]]
"""Sends one request and returns its reply; raises `APIConnectionError` if no reply arrives.

The reply has the redactor of the request as it was sent, so that messages about either are redacted.
"""
