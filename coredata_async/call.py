"""Calls: a request together with the reader of its reply, and the errors for other replies."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Generic, TypeVar, cast

from attrs import frozen

from coredata_async import errors
from coredata_async.message import Dispatch, Reply, Request, Send
from coredata_async.response_table import (
    Classification,
    Response,
    classify,
    classify_error,
    classify_reply,
)

T = TypeVar("T")

log = logging.getLogger("coredata_async.http")

_SAYING: Final = ("error_message", "error", "message", "detail")
_LOCATION: Final = 120
"""Maximum number of characters of a Location that a message quotes."""
_ID: Final = re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}|[0-9]+")
MAX_MESSAGE: Final = 300
"""Maximum number of characters of the service's error text in a message."""
MAX_ERROR: Final = 64 << 10
"""Maximum number of bytes of an error body that is decoded. Of a longer one, only the beginning is kept as
text: to search all of it for secrets would take seconds, in the event loop.
"""


@frozen
class Call(Generic[T]):
    """One exchange, typed by its result."""

    request: Request
    expect: int
    """The only status that means success: a POST turned into a GET by a redirect also answers 200."""
    read: Callable[[Reply], T]
    """Raises `ValueError` for a body it cannot read."""
    error_for: Callable[[Request, Reply, int], errors.APIError | None] | None = None
    """Returns the error for an unexpected status, or None if that status is accepted. Default: `refusal`."""

    def answer(self, reply: Reply) -> T:
        """Read the reply.

        Raises:
            APIStatusError: For any status of 400 or more, by its subclass.
            UnexpectedResponseError: For any other unexpected status, and for an unreadable body.
            OutcomeUnknownError: For each of these replies to a non-repeatable request that does not prove its
                outcome: see the response table. Its `__cause__` is the error itself.
        """
        proof = classify_reply(self.request, reply, self.expect)
        if proof is not Classification.DONE:
            problem = (self.error_for or refusal)(self.request, reply, self.expect)
            if problem is not None and proof is Classification.UNKNOWN:
                raise outcome_unknown(self.request, problem) from problem
            if problem is not None:
                raise problem
        try:
            return self.read(reply)
        except errors.ConfigurationError:  # also a ValueError
            raise
        except ValueError as exc:
            why = reply.redactor(_unreadable(reply, exc))
        # Not in the `except` block: the exception there may quote the body, and would stay as `__context__`.
        where = describe_reply(self.request, reply)
        problem = errors.UnexpectedResponseError(f"{where}: {why}", self.request, reply)
        if classify(self.request, Response.UNREADABLE) is Classification.UNKNOWN:
            raise outcome_unknown(self.request, problem) from problem
        raise problem


async def perform(send: Send, call: Call[T]) -> T:
    """Send the call and read its reply.

    Raises:
        OutcomeUnknownError: If a non-repeatable request was sent and its outcome is unknown. Its `__cause__`
            is the error that occurred instead of a response. Logged at WARNING.
    """
    try:
        return await carry(send, call.request, call.answer)
    except errors.OutcomeUnknownError as exc:
        log_unknown(exc)
        raise


def read_created_id(reply: Reply) -> str:
    """Return the id in Location: the last segment of the path or URL.

    Raises:
        ValueError: If it is missing: the object exists, but its id is unknown.
    """
    location = reply.headers.get("Location", "").partition("?")[0]
    key = location.rstrip("/").rpartition("/")[2]
    secret = len(key) >= reply.redactor.shortest and reply.redactor(key) != key
    if secret or not _ID.fullmatch(key):
        shown = repr(location) if len(location) <= _LOCATION else f"of {len(location)} characters"
        raise ValueError(
            f"the server created an object without a readable id: Location is {reply.redactor.line(shown)}; "
            "look for it in the listing before creating it again"
        )
    return key


def log_unknown(exc: errors.OutcomeUnknownError) -> None:
    """Log that it is unknown whether a write was carried out."""
    log.warning("%s", exc)


async def carry(
    send: Send,
    request: Request,
    conclude: Callable[[Reply], T],
    *,
    apply: Callable[[Callable[[Reply], T], Reply], Awaitable[T]] | None = None,
) -> T:
    """Send a request and interpret its reply.

    Once a non-repeatable request may have left, every unexpected exception means that its outcome is unknown,
    regardless of its origin: the transport, a hook, or the reading of the reply. This is the only place that
    enforces this.

    Args:
        send: Sends the request.
        request: The request.
        conclude: Reads the reply.
        apply: Calls `conclude` with the reply, perhaps in a thread.

    Raises:
        OutcomeUnknownError: See `perform`.
    """
    if request.repeatable:
        reply = await send(request)
        return conclude(reply) if apply is None else await apply(conclude, reply)
    sent = request.with_dispatch(Dispatch())
    try:
        reply = await _send(send, sent)
        return conclude(reply) if apply is None else await apply(conclude, reply)
    except errors.APIError:
        raise  # classified already
    except Exception as exc:
        if not sent.dispatch.possible:
            raise
        raise outcome_unknown(request, _describe_unexpected(request, exc)) from exc


async def _send(send: Send, request: Request) -> Reply:
    try:
        return await send(request)
    except errors.APIError as exc:
        if not request.dispatch.possible:
            raise  # the error of another request, such as a sign-in, or raised while this one was queued
        if isinstance(exc, errors.APIConnectionError) and _proves_something(request, exc):
            raise
        raise outcome_unknown(request, exc) from exc


def _proves_something(request: Request, exc: errors.APIConnectionError) -> bool:
    return classify_error(request, exc) is not Classification.UNKNOWN


def _describe_unexpected(request: Request, exc: Exception) -> errors.APIError:
    """Describe an unforeseen exception without its text, which may contain a secret."""
    return errors.APIError(
        f"{request.method} {request.path}: unexpected {type(exc).__name__} after the request was sent",
        request,
    )


def outcome_unknown(request: Request, cause: errors.APIError) -> errors.OutcomeUnknownError:
    """Return the error for a write whose outcome is unknown."""
    error = errors.OutcomeUnknownError(
        f"{cause}; it may or may not have been carried out and was not repeated: check before you repeat it",
        request,
    )
    error.attempts, error.elapsed = cause.attempts, cause.elapsed
    return error


BY_STATUS: Final[dict[int, type[errors.APIStatusError]]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.PayloadTooLargeError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}
"""The error class of each status that has its own, for all services."""

_ADVICE: Final[dict[int, str]] = {
    400: "check the fields and filters sent",
    401: "check api_user and api_key, or api_key_v3 for paths under /api/v3/",
    403: "ask for the right to do this, or use another api_user",
    404: "check the id; a document may also be hidden from this user",
    405: "this tenant does not offer the operation",
    407: "check user name and password in the URL of the proxy",
    409: "read the document again and repeat the change",
    413: "send it with via='storage', or raise the limit of the proxy in between",
    429: "lower Limits.concurrency or set Limits.rate",
}


def refusal(request: Request, reply: Reply, expect: int) -> errors.APIError:
    """Return the error for a reply with an unexpected status."""
    where = describe_reply(request, reply)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        body, service_message, code = _service_message(reply)
        failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        # Whether a creation was carried out is unknown then, and trying again might repeat it.
        later = "the service failed; try again later" if failed and request.repeatable else ""
        advice = _ADVICE.get(reply.status, later)
        message = (
            where
            + (f": {service_message.rstrip('.')}" if service_message else "")
            + (f"; {advice}" if advice else "")
        )
        kind = BY_STATUS.get(reply.status, errors.ServerError if failed else errors.APIStatusError)
        return kind(message, request, reply, service_message=service_message, code=code, body=body)
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        hint = "redirects are never followed; check that base_url is the tenant's own https:// address"
    else:
        hint = "the request may not have been carried out; check that base_url is a CoreData tenant"
    return errors.UnexpectedResponseError(f"{where}, but {expect} was expected: {hint}", request, reply)


def describe_reply(request: Request, reply: Reply) -> str:
    """Return the beginning of an error message: the request, the status, and the attempts.

    Secrets are masked, because the text is a variable of the frames that raise.
    """
    try:
        phrase = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        phrase = str(reply.status)
    number = f", request id {reply.header_line('X-Request-Id')}" if "X-Request-Id" in reply.headers else ""
    return f"{request.method} {request.path}: {phrase} (attempt {reply.attempts}{number})"


def _unreadable(reply: Reply, exc: ValueError) -> str:
    if reply.body.lstrip()[:1] == b"<":
        return (
            "the response is an HTML page instead of JSON; check base_url, and look for a login page or proxy"
        )
    if isinstance(exc, json.JSONDecodeError):
        return f"the JSON is invalid or truncated after {len(reply.body)} bytes ({exc.msg})"
    return str(exc)


def _service_message(reply: Reply) -> tuple[object, str, str | None]:
    """Return body, message and code of an undocumented error body, without a server's traceback.

    The body is decoded before secrets are masked in it, because JSON can encode any character as an escape.
    """
    try:
        # Half a document is invalid.
        body: object = json.loads(reply.body[:MAX_ERROR], object_hook=_without_traceback)
    except (ValueError, RecursionError):
        return *read_beginning(reply), None
    facts = _mapping(body)
    error = reply.redactor.tree(next((facts[name] for name in _SAYING if facts.get(name)), body))
    message = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False) if error else ""
    code = facts.get("code")
    return body, message[:MAX_MESSAGE], str(code) if isinstance(code, str | int) else None


def read_beginning(reply: Reply) -> tuple[str, str]:
    """Return the beginning of an error body that cannot be decoded, and the message in it: HTML has none."""
    text = reply.redactor.excerpt(reply.body.strip())
    return text, "" if text.startswith("<") else text[:MAX_MESSAGE]


def _mapping(body: object) -> dict[str, object]:
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _without_traceback(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "traceback"}
