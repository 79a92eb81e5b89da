"""A request together with how its reply is read, and what any other reply means."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Generic, TypeVar, cast

from attrs import evolve, field, frozen

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
MAX_MESSAGE: Final = 300
"""How many characters of the service's own words a message shows."""


@frozen
class Call(Generic[T]):
    """One exchange, typed by what it gives."""

    request: Request
    expect: int
    """The exact status that means success: a POST turned into a GET by a redirect also answers 200."""
    read: Callable[[Reply], T]
    """Raises `ValueError` for a body it cannot read."""
    error_for: Callable[[Request, Reply, int], errors.APIError | None] = field(factory=lambda: refusal)
    """What another status than the expected one means; `None` if it is as good."""

    def answer(self, reply: Reply) -> T:
        """Read the reply.

        Raises:
            APIStatusError: For any status of 400 or more, by its subclass.
            UnexpectedResponseError: For any other status but the expected one, and for an unreadable body.
            OutcomeUnknownError: For each of them that does not prove what became of a request that must not
                be repeated: see the response table. Its `__cause__` is the error itself.
        """
        proof = classify_reply(self.request, reply, self.expect)
        if proof is not Classification.DONE:
            problem = self.error_for(self.request, reply, self.expect)
            if problem is not None and proof is Classification.UNKNOWN:
                raise outcome_unknown(self.request, problem) from problem
            if problem is not None:
                raise problem
        try:
            return self.read(reply)
        except errors.ConfigurationError:  # a ValueError, too
            raise
        except ValueError as exc:
            why = reply.redactor(_unreadable(reply, exc))
        # Not in the `except` block: what was caught may quote the body, and would stay as `__context__`.
        problem = errors.UnexpectedResponseError(f"{_where(self.request, reply)}: {why}", self.request, reply)
        if classify(self.request, Response.UNREADABLE) is Classification.UNKNOWN:
            raise outcome_unknown(self.request, problem) from problem
        raise problem


async def perform(send: Send, call: Call[T]) -> T:
    """Carry the call and read its reply.

    Raises:
        OutcomeUnknownError: A request that must not be repeated was sent, and whether it was carried
            out is not known. Its `__cause__` says what happened instead of an answer. Logged at WARNING.
    """
    try:
        return await carry(send, call.request, call.answer)
    except errors.OutcomeUnknownError as exc:
        log_unknown(exc)
        raise


def log_unknown(exc: errors.OutcomeUnknownError) -> None:
    """Log that it is unknown whether a write was carried out."""
    log.warning("%s", exc)


async def _at_once(conclude: Callable[[Reply], T], reply: Reply) -> T:
    return conclude(reply)


async def carry(
    send: Send,
    request: Request,
    conclude: Callable[[Reply], T],
    *,
    apply: Callable[[Callable[[Reply], T], Reply], Awaitable[T]] = _at_once,
) -> T:
    """Send a request and draw the conclusion from its reply.

    Once a request that must not be repeated may have left, every unexpected exception means that its outcome
    is unknown, wherever it was raised: in the transport, in a hook, or while the reply was read. This is the
    only place that has to see to it.

    Args:
        send: Carries the request.
        request: What is sent.
        conclude: Reads the reply.
        apply: Calls `conclude` with the reply, perhaps in a thread.

    Raises:
        OutcomeUnknownError: See `perform`.
    """
    if request.repeatable:
        return await apply(conclude, await send(request))
    dispatch = Dispatch()
    try:
        return await apply(conclude, await _send(send, evolve(request, dispatch=dispatch)))
    except errors.APIError:
        raise  # classified already
    except Exception as exc:
        if not dispatch.possible:
            raise
        raise outcome_unknown(request, _describe_unexpected(request, exc)) from exc


async def _send(send: Send, request: Request) -> Reply:
    try:
        return await send(request)
    except errors.APIError as exc:
        if request.dispatch is None or not request.dispatch.possible:
            raise  # of another request, as to sign in, or while this one waited for its turn
        if isinstance(exc, errors.APIConnectionError) and _proves_something(request, exc):
            raise
        raise outcome_unknown(request, exc) from exc


def _proves_something(request: Request, exc: errors.APIConnectionError) -> bool:
    return classify_error(request, exc) is not Classification.UNKNOWN


def _describe_unexpected(request: Request, exc: Exception) -> errors.APIError:
    """Describe an exception that nothing here foresees; its own words may hold a secret."""
    return errors.APIError(
        f"{request.method} {request.path}: unexpected {type(exc).__name__} after the request was sent",
        request,
    )


def outcome_unknown(request: Request, cause: errors.APIError) -> errors.OutcomeUnknownError:
    """The error for a write that may or may not have happened."""
    error = errors.OutcomeUnknownError(
        f"{cause}; it may or may not have been carried out and was not repeated: look before repeating it",
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
"""The error for each status that has one of its own, whatever the service."""

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
    """The error for a reply whose status is not the expected one."""
    where = _where(request, reply)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        body, words, code = _service_message(reply)
        advice = _ADVICE.get(reply.status, "")
        message = where + (f": {words}" if words else "") + (f"; {advice}" if advice else "")
        failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = BY_STATUS.get(reply.status, errors.ServerError if failed else errors.APIStatusError)
        return kind(message, request, reply, service_message=words, code=code, body=body)
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        hint = "redirects are never followed; check that base_url is the tenant's own https:// address"
    else:
        hint = "it may not have done what was asked; check that base_url is a CoreData tenant"
    return errors.UnexpectedResponseError(f"{where}, where {expect} was due: {hint}", request, reply)


def _where(request: Request, reply: Reply) -> str:
    try:
        phrase = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        phrase = str(reply.status)
    number = f", request id {reply.headers['X-Request-Id']}" if "X-Request-Id" in reply.headers else ""
    return f"{request.method} {request.path}: {phrase} (attempt {reply.attempts}{number})"


def _unreadable(reply: Reply, exc: ValueError) -> str:
    if reply.body.lstrip()[:1] == b"<":
        return "an HTML page came instead of JSON; is base_url right, or does a login page stand in between?"
    if isinstance(exc, json.JSONDecodeError):
        return f"the JSON is broken or cut short after {len(reply.body)} bytes ({exc.msg})"
    return str(exc)


def _service_message(reply: Reply) -> tuple[object, str, str | None]:
    """Read body, words and code of an error whose shape is not documented; leave a server's traceback out.

    The body is decoded before secrets are masked in it, because JSON can write any character as an escape.
    """
    redactor = reply.redactor
    try:
        body: object = json.loads(reply.body, object_hook=_without_traceback)
    except (ValueError, RecursionError):
        text = redactor.excerpt(reply.body.strip())
        return text, "" if text.startswith("<") else text[:MAX_MESSAGE], None
    facts = _mapping(body)
    said = redactor.tree(next((facts[name] for name in _SAYING if facts.get(name)), body))
    words = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) if said else ""
    code = facts.get("code")
    return body, words[:MAX_MESSAGE], str(code) if isinstance(code, str | int) else None


def _mapping(body: object) -> dict[str, object]:
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _without_traceback(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "traceback"}
