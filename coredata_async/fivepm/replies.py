"""Interpretation of 5pm's replies: an error can have any status, and a `status` need not be an error.

A large reply is decoded in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar, cast

from attrs import frozen

from coredata_async import errors
from coredata_async.call import (
    BY_STATUS,
    MAX_ERROR,
    Call,
    carry,
    describe_reply,
    log_unknown,
    outcome_unknown,
    read_beginning,
)
from coredata_async.fivepm.codec.tree import Tree, parse
from coredata_async.fivepm.codec.wrapping import (
    about_absence,
    about_session,
    code_of,
    error_in,
    message_of,
    unwrap,
)
from coredata_async.message import Reply, Request, Send
from coredata_async.response_table import Classification, Response, classify
from coredata_async.transport.errors import without_frames

T = TypeVar("T")

_BEYOND_WORDS: Final = 32 << 10
"""Maximum number of bytes of an error message. A longer body is not read twice, in the event loop."""

_BY_CODE: Final = {str(status): kind for status, kind in BY_STATUS.items()}
"""By status as a text: a code may have thousands of digits, which `int` does not read."""
_ADVICE: Final[Mapping[type[errors.APIStatusError], str]] = {
    errors.AuthenticationError: "check login and password",
    errors.PermissionDeniedError: "ask for the right to do this, or use another login",
    errors.NotFoundError: "check the id; it may also be hidden from this user",
    errors.PayloadTooLargeError: "5pm accepts files of up to 125 MB",
    errors.RateLimitError: "lower Limits.concurrency or set Limits.rate",
}
LARGE: Final = 32 << 10
"""Maximum number of bytes of a reply that are decoded in the event loop:

XML of tags only takes 1 us per byte.
"""


def refuses_session(reply: Reply) -> bool:
    """Return whether a reply may mean that the session has ended: 401, 403, or such a message."""
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return True
    said = _complaint_of(reply)
    return said is not None and about_session(message_of(said))


def wrong_route(reply: Reply) -> bool:
    """Return whether the method may be at another route: see `Method.fallbacks`."""
    return reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}


def failure(request: Request, reply: Reply, tree: Tree) -> errors.APIError | None:
    """Return the error in a reply with a good status."""
    said = error_in(tree)
    if said is None:
        return None
    words, code, body = _mask(reply, said) if len(reply.body) <= MAX_ERROR else _read_beginning(reply)
    kind = _BY_CODE.get(code or "")
    return _error(request, reply, kind or _kind_of(words), (words, code, body))


def refusal(request: Request, reply: Reply, expect: int) -> errors.APIError | None:
    """Return the error for an unexpected status; None for another good status.

    The page promises "standard HTTP codes" without naming them: 201 for a new object would be one.
    """
    if reply.status < HTTPStatus.MULTIPLE_CHOICES and reply.status >= HTTPStatus.OK:
        return None
    if reply.status < HTTPStatus.BAD_REQUEST:
        return errors.UnexpectedResponseError(
            f"{describe_reply(request, reply)}, but {expect} was expected: redirects are never followed; "
            "check that the account's address is right",
            request,
            reply,
        )
    server = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = BY_STATUS.get(reply.status, errors.ServerError if server else errors.APIStatusError)
    return _error(request, reply, kind, _read_error(reply))


def ask(request: Request, read: Callable[[Tree], T]) -> Call[T]:
    """Build a call whose reply is decoded as a tree, unless it is an error."""

    def meaning(reply: Reply) -> T:
        found = _read(request, reply, read)
        if isinstance(found, _Problem):
            raise found.error
        return found

    return Call(request, int(HTTPStatus.OK), meaning, error_for=refusal)


@frozen
class _Problem:
    """Error to raise in a frame without the service's text in a variable."""

    error: errors.APIError


def absent(request: Request, what: str) -> errors.APIStatusError:
    """Return the error for a reply without the requested object; 5pm's own form of it is not documented."""
    reply = Reply(int(HTTPStatus.OK))
    return errors.NotFoundError(
        f"{request.method} {request.path}: the response contains no {what}; {_ADVICE[errors.NotFoundError]}",
        request,
        reply,
    )


def removal_refused(request: Request) -> errors.APIStatusError:
    """Return the error for a removal that was answered with no."""
    reply = Reply(int(HTTPStatus.OK))
    return errors.APIStatusError(
        f"{request.method} {request.path}: 5pm reports that it did not remove the object; "
        "check the id, and the right to remove it",
        request,
        reply,
    )


def _read(request: Request, reply: Reply, read: Callable[[Tree], T]) -> T | _Problem:
    if reply.status == HTTPStatus.NO_CONTENT:
        tree: Tree = {"status": "1"}  # done, with an empty reply
    else:
        try:
            tree = parse(reply.body)
        except errors.ConfigurationError:
            raise
        except ValueError as exc:
            return _Problem(_unreadable(request, reply, exc))
        problem = failure(request, reply, tree)
        if problem is not None:
            return _Problem(problem)
    try:
        return read(tree)
    except errors.APIError as exc:
        return _Problem(without_frames(exc))
    except ValueError as exc:
        return _Problem(_unreadable(request, reply, exc))


def _unreadable(request: Request, reply: Reply, exc: ValueError) -> errors.APIError:
    error = errors.UnexpectedResponseError(f"{describe_reply(request, reply)}: {exc}", request, reply)
    unknown = classify(request, Response.UNREADABLE) is Classification.UNKNOWN
    return outcome_unknown(request, error) if unknown else error


def _read_error(reply: Reply) -> tuple[str, str | None, object]:
    """Return message, code and body of a reply with a bad status."""
    if len(reply.body) > MAX_ERROR:
        return _read_beginning(reply)
    try:
        tree = parse(reply.body)
    except ValueError:
        return _read_beginning(reply)
    return _mask(reply, error_in(tree) or unwrap(tree))


def _read_beginning(reply: Reply) -> tuple[str, None, str]:
    text, message = read_beginning(reply)
    return message, None, text


def _mask(reply: Reply, said: Tree) -> tuple[str, str | None, Tree]:
    """Return message, code and body of an error; secrets are masked before the message is shortened."""
    said = cast("Tree", reply.redactor.tree(said))
    return message_of(said), code_of(said), said


def _error(
    request: Request,
    reply: Reply,
    kind: type[errors.APIStatusError],
    said: tuple[str, str | None, object],
) -> errors.APIStatusError:
    words, code, body = said
    advice = _ADVICE.get(kind, "")
    where = describe_reply(request, reply)
    message = where + (f": {words}" if words else "") + (f"; {advice}" if advice else "")
    return kind(message, request, reply, service_message=words, code=code, body=body)


def _kind_of(words: str) -> type[errors.APIStatusError]:
    if about_session(words):
        return errors.AuthenticationError
    return errors.NotFoundError if about_absence(words) else errors.APIStatusError


def _complaint_of(reply: Reply) -> dict[str, Tree] | None:
    if len(reply.body) > _BEYOND_WORDS:
        return None
    try:
        return error_in(parse(reply.body))
    except ValueError:
        return None


async def perform(send: Send, call: Call[T]) -> T:
    """Send a call and decode its reply; raises as `coredata_async.call.perform` does."""
    try:
        return await carry(send, call.request, call.answer, apply=_apply)
    except errors.OutcomeUnknownError as exc:
        log_unknown(exc)
        raise


async def _apply(conclude: Callable[[Reply], T], reply: Reply) -> T:
    if len(reply.body) <= LARGE:
        return conclude(reply)
    return await asyncio.to_thread(conclude, reply)
