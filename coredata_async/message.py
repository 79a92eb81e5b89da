"""One exchange as values: a request, its reply, and the one function type that all I/O goes through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from coredata_async.json_text import decode_json
from coredata_async.nesting import check_depth
from coredata_async.redaction import NO_SECRETS, Redactor
from coredata_async.secret import Secret

_QUOTED: Final = 120
"""Characters of a header that a message quotes."""


class Body(Protocol):
    """Bytes to send, which can be opened again, so that a repeated request never sends half of them."""

    @property
    def size(self) -> int:
        """Return how many bytes `chunks` gives: this becomes Content-Length."""
        ...

    @property
    def replayable(self) -> bool:
        """Return whether `chunks` can be called a second time."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Open the source again and give its bytes, each block a fresh object that nobody writes to again."""
        ...


@frozen
class Held:
    """Bytes as a `Body`."""

    data: bytes = field(repr=False)
    replayable: bool = True

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All of them at once."""
        yield self.data


class Content(Protocol):
    """A reply's body that is still on its way; whoever asked for it closes it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes as they arrive."""
        ...

    async def aclose(self) -> None:
        """Let go of the connection, whether or not everything was read."""
        ...


def _no_headers() -> Mapping[str, str]:
    return {}


@define(eq=False)
class Dispatch:
    """A note of one request that is not safe to repeat: whether it may have reached the server.

    It begins as `True`, so that a `Send` that does not know of it errs on the safe side. Retries set it to
    `False` before each attempt, and the transport back to `True` before the first byte goes out.
    """

    possible: bool = True


@frozen
class Request:
    """What is to be sent."""

    method: str
    target: str = field(repr=lambda target: repr(target.partition("?")[0]))
    """Path and encoded query on the service's host, or a whole signed URL, used byte for byte.

    The repr stops at the question mark: the query of a signed URL is a credential.
    """
    headers: Mapping[str, str] = field(factory=_no_headers, repr=False)
    body: bytes | Body | None = field(default=None, repr=False)
    repeatable: bool = True
    """Whether sending it a second time does no harm, when the answer to the first was lost."""
    patience: float = 1.0
    """How many times the usual time to wait for the answer to begin."""
    stream: bool = False
    """Whether the reply's body is wanted as `Reply.content`, not read into `Reply.body`."""
    dispatch: Dispatch | None = field(default=None, repr=False, eq=False)
    """Kept for requests that are not repeatable: see `call.carry`."""
    redactor: Redactor = field(default=NO_SECRETS, repr=False, eq=False)
    """Masks the secrets of this request in whatever its reply repeats of them."""
    attempt: int = field(default=1, repr=False, eq=False)
    """Number of this attempt, from 1. Set by retries, for hooks."""

    def with_headers(self, headers: Mapping[str, str], redactor: Redactor | None = None) -> Request:
        """Copy it with other headers; `attrs.evolve` takes five times as long, for every request."""
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

    def masking(self, *secrets: Secret[str]) -> Request:
        """Copy it with secrets of its own, to be masked in what is shown of the reply."""
        return self.with_headers(self.headers, self.redactor.also(*secrets))

    def note_dispatch(self, *, possible: bool) -> None:
        """Note that the request has not left yet, or that it may have from now on."""
        if self.dispatch is not None:
            self.dispatch.possible = possible

    @property
    def is_absolute(self) -> bool:
        """Return whether the target is a whole URL, as signed ones are."""
        return self.target.startswith("http")

    @property
    def path(self) -> str:
        """The target without its query: all that a message or a log may show."""
        return self.target.partition("?")[0]


@frozen
class Reply:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(factory=_no_headers, repr=False)
    body: bytes = field(default=b"", repr=False)
    content: Content | None = field(default=None, repr=False, eq=False)
    attempts: int = 1
    elapsed: float = field(default=0.0, eq=False)
    """Seconds from the first attempt to this answer."""
    redactor: Redactor = field(default=NO_SECRETS, repr=False, eq=False)
    """Masks secrets in what of this reply becomes part of an error, a log record or an event."""

    def header_line(self, name: str) -> str:
        """Return the beginning of a header as a message may quote it: one line, without secrets."""
        return self.redactor.line(self.headers.get(name, ""), _QUOTED)

    def with_attempts(self, attempts: int, elapsed: float) -> Reply:
        """The same, with what only a retry knows."""
        return Reply(self.status, self.headers, self.body, self.content, attempts, elapsed, self.redactor)

    def json(self) -> Any:
        """Decode the body; raises `ValueError` if it is not JSON, or nested too deep."""
        return check_depth(decode_json(self.body))

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait, from either form of Retry-After (RFC 9110, 10.2.3)."""
        wish = self.headers.get("Retry-After", "").strip()
        if not wish:
            return None
        if wish.replace(".", "", 1).isdecimal():
            return float(wish)
        # The server's own clock is the only one the date can be compared with.
        until, now = date_of(wish), date_of(self.headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds()) if until and now else None


def date_of(text: str) -> datetime | None:
    """Read a date of HTTP, in UTC; `None` if it is not one, or lies outside of the years 1970 to 9000.

    What lies outside is an error of the server, and the arithmetic and the databases of callers fail on it.
    """
    try:
        said = parsedate_to_datetime(text)
        # GMT, even if it does not say so (RFC 9110, 5.6.7).
        date = said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date if 1970 <= date.year < 9000 else None  # noqa: PLR2004


Send = Callable[[Request], Awaitable[Reply]]
"""Carries one request and returns its reply; raises `APIConnectionError` where there is none.

The reply has the redactor of the request as it was sent, so that nothing is shown of either with its secrets.
"""
