"""Pieces for web services: statuses for errors, limits for request bodies, and downloads over ASGI.

They import no framework. The examples for FastAPI, aiohttp.web and Litestar in `.docs/web.md` use them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Final

from attrs import field, frozen

from coredata_async import errors
from coredata_async.transfer.downloads import Download

__all__ = ["ASGIDownload", "BodyTooLargeError", "Problem", "check_length", "limit_body", "problem_of"]

ASGIReceive = Callable[[], Awaitable[Mapping[str, object]]]
ASGISend = Callable[..., Awaitable[None]]
"""Takes one message; frameworks type those differently."""

_STATUSES: Final[tuple[tuple[type[errors.CoreDataError], HTTPStatus], ...]] = (
    (errors.OutcomeUnknownError, HTTPStatus.GATEWAY_TIMEOUT),
    (errors.APITimeoutError, HTTPStatus.GATEWAY_TIMEOUT),
    (errors.ConfigurationError, HTTPStatus.BAD_REQUEST),
    (errors.BadRequestError, HTTPStatus.BAD_REQUEST),
    (errors.PermissionDeniedError, HTTPStatus.FORBIDDEN),
    (errors.NotFoundError, HTTPStatus.NOT_FOUND),
    (errors.ConflictError, HTTPStatus.CONFLICT),
    (errors.PayloadTooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.UnprocessableEntityError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.RateLimitError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.APIError, HTTPStatus.BAD_GATEWAY),
    (errors.SourceError, HTTPStatus.BAD_REQUEST),
    (errors.TransferError, HTTPStatus.BAD_GATEWAY),
)
"""The first matching class counts. A wrong API key is a fault of the web service, hence 502 and never 401."""
_DIGITS: Final = 18
"""Maximum number of digits of a length that are read: a longer one exceeds any limit."""
_TITLES: Final = {
    HTTPStatus.GATEWAY_TIMEOUT: "CoreData did not answer in time",
    HTTPStatus.BAD_GATEWAY: "CoreData could not be used",
    HTTPStatus.SERVICE_UNAVAILABLE: "CoreData accepts no more requests at present",
}
_UNKNOWN: Final = "It is unknown whether the change was made; check before you repeat it"


class BodyTooLargeError(errors.SourceError):
    """A request body is longer than the web service accepts."""


@frozen(kw_only=True)
class Problem:
    """A web response for an error. It has no detail of the error, which is for the log."""

    status: int
    title: str
    headers: Mapping[str, str] = field(factory=dict[str, str])
    """`Retry-After`, if repeating the request later may help."""

    def to_dict(self) -> dict[str, object]:
        """Return the content of an `application/problem+json` (RFC 9457)."""
        return {"type": "about:blank", "status": self.status, "title": self.title}


def problem_of(error: errors.CoreDataError) -> Problem:
    """Return the response of a web service whose request to CoreData ended with an error.

    A File that does not exist is a 404, a lack of permission 403, a conflict 409, a source that cannot be
    read (such as a body that broke off) 400, and one that is too long 413. CoreData's rate limit is 503 with
    `Retry-After`, because the web service has met it and not its client; so are CoreData's own 503 and a lack
    of free connections. No answer in time, and a write of unknown outcome, are 504; everything else that
    fails behind the web service is 502.
    """
    if isinstance(error, BodyTooLargeError):
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, errors.APITimeoutError) and error.phase == "pool":
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=1)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if isinstance(error, errors.RateLimitError):
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=error.retry_after or 1)
    if isinstance(error, errors.OutcomeUnknownError):
        return Problem(status=HTTPStatus.GATEWAY_TIMEOUT, title=_UNKNOWN)
    if isinstance(error, errors.ServerError) and error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=error.retry_after)
    return _problem(status or HTTPStatus.INTERNAL_SERVER_ERROR)


def check_length(header: str | None, maximum: int) -> int | None:
    """Return the length that a Content-Length header announces; None if it is missing or invalid.

    Raises:
        BodyTooLargeError: If it is more than `maximum` bytes.
    """
    digits = (header or "").strip()
    if not (digits.isascii() and digits.isdecimal()):
        return None
    size = int(digits.lstrip("0")[:_DIGITS] or 0)
    if size > maximum:
        raise BodyTooLargeError(
            f"the request body has {size} bytes, but at most {maximum} are accepted", stage="source"
        )
    return size


async def limit_body(chunks: AsyncIterable[bytes], maximum: int) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a request body, at most `maximum` bytes in total.

    Raises:
        BodyTooLargeError: If the body is longer.
    """
    count = 0
    async for chunk in chunks:
        count += len(chunk)
        if count > maximum:
            raise BodyTooLargeError(f"the request body has more than {maximum} bytes", stage="source")
        yield chunk


class ASGIDownload:
    """A download as an ASGI application, which any ASGI framework can serve as a response.

    The download is opened, passed on and closed within one call. If the client disconnects, the request to
    the storage is cancelled and its connection freed, also while the storage has not answered yet or is slow,
    or the client does not read. An error before the first byte is raised before the response has begun, so
    the framework's error handlers apply; a later one ends the response too early, which the client notices.
    HEAD requests get the headers.

    Args:
        download: The result of `client.files.download(…)`, not opened yet.
        inline: Whether a browser shows the content; see `Download.response_headers`.
    """

    def __init__(self, download: Download, *, inline: bool = False) -> None:
        self._download = download
        self._inline = inline

    async def __call__(self, scope: Mapping[str, object], receive: ASGIReceive, send: ASGISend) -> None:
        """Answer one request."""
        await _until_disconnect(self._answer(send, head=scope.get("method") == "HEAD"), receive)

    async def _answer(self, send: ASGISend, *, head: bool) -> None:
        async with self._download as body:
            headers = body.response_headers(disposition="inline" if self._inline else "attachment")
            encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": body.response_status, "headers": encoded})
            if not head:
                async for block in body:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _until_disconnect(answer: Coroutine[None, None, None], receive: ASGIReceive) -> None:
    """Run to the end, or cancel when the client has disconnected.

    Raises:
        CoreDataError: If the download fails.
    """
    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(answer)
            watching = group.create_task(_wait_for_disconnect(receive))
            answering.add_done_callback(lambda _: watching.cancel())
            watching.add_done_callback(lambda _: answering.cancel())
    except ExceptionGroup as exc:
        failure = exc.exceptions[0]
    if failure is not None:
        raise failure


async def _wait_for_disconnect(receive: ASGIReceive) -> None:
    while (await receive()).get("type") != "http.disconnect":
        pass


def _problem(status: HTTPStatus, *, retry_after: float | None = None) -> Problem:
    headers = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return Problem(status=status, title=_TITLES.get(status, status.phrase), headers=headers)
