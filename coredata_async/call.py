"""A request together with how its reply is read, and what any other reply means."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Generic, TypeVar, cast

from attrs import field, frozen

from coredata_async import errors
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import EXCERPT, without_queries

T = TypeVar("T")

_SAYING: Final = ("error_message", "error", "message", "detail")
WORDS: Final = 300
"""How many characters of the service's own words a message shows."""


@frozen
class Call(Generic[T]):
    """One exchange, typed by what it gives."""

    request: Request
    expect: int
    """The exact status that means success: a POST turned into a GET by a redirect also answers 200."""
    read: Callable[[Reply], T]
    """Raises `ValueError` for a body it cannot read."""
    absent_is_done: bool = False
    """Whether 404 means success on a repeat: the lost first attempt has deleted it."""
    refuse: Callable[[Request, Reply, int], errors.APIError | None] = field(factory=lambda: refusal)
    """What another status than the expected one means; `None` if it is as good."""

    def answer(self, reply: Reply) -> T:
        """Read the reply.

        Raises:
            APIStatusError: For any status of 400 or more, by its subclass.
            UnexpectedResponseError: For any other status but the expected one, and for an unreadable body.
        """
        repeated_delete = self.absent_is_done and reply.status == HTTPStatus.NOT_FOUND and reply.attempts > 1
        if reply.status != self.expect and not repeated_delete:
            problem = self.refuse(self.request, reply, self.expect)
            if problem is not None:
                raise problem
        try:
            return self.read(reply)
        except errors.ConfigurationError:  # a ValueError, too
            raise
        except ValueError as exc:
            raise errors.UnexpectedResponseError(
                f"{_where(self.request, reply)}: {_unreadable(reply, exc)}", self.request, reply
            ) from None


async def perform(send: Send, call: Call[T]) -> T:
    """Carry the call and read its reply.

    Raises:
        OutcomeUnknownError: A request that must not be repeated was sent, and whether it was carried
            out is not known. Its `__cause__` says what happened instead of an answer.
    """
    request = call.request
    try:
        reply = await send(request)
    except errors.APIConnectionError as exc:
        if request.repeatable or not exc.reached:
            raise
        raise outcome_unknown(request, exc) from exc
    if reply.undecided and not request.repeatable:
        cause = call.refuse(request, reply, call.expect) or refusal(request, reply, call.expect)
        raise outcome_unknown(request, cause) from cause
    return call.answer(reply)


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
    409: "read the document again and repeat the change",
    413: "send it with via='storage', or raise the limit of the proxy in between",
    429: "lower Limits.concurrency or set Limits.rate",
}


def refusal(request: Request, reply: Reply, expect: int) -> errors.APIError:
    """The error for a reply whose status is not the expected one."""
    where = _where(request, reply)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        body, words, code = _service_words(reply.body)
        advice = _ADVICE.get(reply.status, "")
        message = where + (f": {words}" if words else "") + (f"; {advice}" if advice else "")
        failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = BY_STATUS.get(reply.status, errors.ServerError if failed else errors.APIStatusError)
        return kind(message, request, reply, words=words, code=code, body=body)
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


def _service_words(raw: bytes) -> tuple[object, str, str | None]:
    """Body, words and code of an error whose shape nobody documents; never a traceback."""
    text = without_queries(raw.decode("utf-8", "replace")).strip()
    try:
        body: object = json.loads(text, object_hook=_without_traceback)
    except (ValueError, RecursionError):
        return text[:EXCERPT], "" if text.startswith("<") else text[:WORDS], None
    facts = _mapping(body)
    said = next((facts[name] for name in _SAYING if facts.get(name)), body)
    words = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) if said else ""
    code = facts.get("code")
    return body, words[:WORDS], None if code is None else str(code)


def _mapping(body: object) -> dict[str, object]:
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _without_traceback(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "traceback"}
