"""The response table: for each kind of request, the conclusion from every possible response.

`TABLE` has one row per kind of request and one column per kind of response. No other code decides whether a
request was carried out, refused, or may be sent again: retries, uploads, bulk jobs and the second client all
use `classify`, `classify_reply` or `classify_error`. `HOSTS` is the table of what the same responses show
about the host, which the limiters of bulk jobs use.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from coredata_async.errors import APIConnectionError, APITimeoutError
from coredata_async.message import Reply, Request


class RequestKind(Enum):
    """The rows: the effect of a request, and of a second copy of it."""

    READ = auto()
    """GET or HEAD. Changes nothing."""
    RESERVE = auto()
    """A POST that is safe to repeat, such as the reservation: a copy leaves an unused blob name."""
    STORE = auto()
    """PUT of bytes to a signed URL. A copy writes the same bytes to the same object."""
    UPDATE = auto()
    """A change that is safe to repeat: a copy sets the same values."""
    DELETE = auto()
    """A deletion. A copy finds the object deleted."""
    CREATE = auto()
    """Registration, creation, and every other request that is not safe to repeat."""


class Response(Enum):
    """The columns: the response, or the reason why none arrived."""

    NOT_SENT = auto()
    """No byte of the request was sent: no connection, no free slot in the pool."""
    NEVER_SENDABLE = auto()
    """Not sent, and another attempt would fail in the same way: an untrusted certificate, a malformed URL."""
    LOST = auto()
    """The connection broke, or timed out, after the request may have been sent."""
    SUCCESS = auto()
    """The expected status, with a readable body. It means DONE in every row."""
    UNREADABLE = auto()
    """The expected status, with a body or headers that cannot be read."""
    OTHER_SUCCESS = auto()
    """Another 2xx than the expected one."""
    REDIRECT = auto()
    """3xx."""
    REJECTED = auto()
    """400, 401, 403, 413 or 422."""
    NOT_FOUND = auto()
    """404 to a first attempt."""
    NOT_FOUND_LATER = auto()
    """404 to a later attempt, after an earlier response was lost or was not conclusive."""
    TOO_MANY = auto()
    """429."""
    TRY_AGAIN = auto()
    """408 or 425."""
    OTHER_CLIENT_ERROR = auto()
    """Any other 4xx, such as 405 or 409."""
    UNSUPPORTED = auto()
    """A 5xx that another attempt does not change: 501, 505, 506, 507, 508, 510 or 511."""
    UNAVAILABLE = auto()
    """503, with or without Retry-After."""
    SERVER_ERROR = auto()
    """Any other 5xx, with or without Retry-After. Unregistered ones count as 500 (RFC 9110, 15)."""
    INVALID = auto()
    """A status below 200 or above 599."""


class HostState(Enum):
    """The cells of `HOSTS`: the state of the host that a response shows."""

    WORKS = auto()
    """It answered. A 4xx concerns the request, and is not a fault of the host."""
    THROTTLES = auto()
    """429, or 503 with Retry-After: the host works, and rejected the request."""
    OVERLOADED = auto()
    """503 alone: the host is overloaded, as with `SlowDown` of a storage, or down."""
    FAILS = auto()
    """Another 5xx, or no response."""
    UNSEEN = auto()
    """The client did not send the request, for example because the source could not be read."""


class Classification(Enum):
    """The cells: the conclusion from the response, and thereby the permitted next step."""

    DONE = auto()
    """The request was carried out."""
    REFUSED = auto()
    """The request failed, and sending it again unchanged would be pointless. Nothing was created."""
    NOT_CARRIED_OUT = auto()
    """Nothing was carried out, for a transient reason: any request may be sent again."""
    UNKNOWN = auto()
    """It may have been carried out, and a copy could do it twice: check before sending it again."""
    TRANSIENT = auto()
    """It may have been carried out, and a copy is harmless: send it again."""


_C = Classification
_R = Response

# Common to all requests that are safe to repeat.
_REPEATABLE: Final[Mapping[Response, Classification]] = {
    _R.NOT_SENT: _C.NOT_CARRIED_OUT,
    _R.NEVER_SENDABLE: _C.REFUSED,
    _R.LOST: _C.TRANSIENT,
    _R.SUCCESS: _C.DONE,
    _R.UNREADABLE: _C.REFUSED,
    _R.OTHER_SUCCESS: _C.REFUSED,
    _R.REDIRECT: _C.REFUSED,
    _R.REJECTED: _C.REFUSED,
    _R.NOT_FOUND: _C.REFUSED,
    _R.NOT_FOUND_LATER: _C.REFUSED,
    _R.TOO_MANY: _C.NOT_CARRIED_OUT,
    _R.TRY_AGAIN: _C.TRANSIENT,
    _R.OTHER_CLIENT_ERROR: _C.REFUSED,
    _R.UNSUPPORTED: _C.REFUSED,
    _R.UNAVAILABLE: _C.TRANSIENT,
    _R.SERVER_ERROR: _C.TRANSIENT,
    _R.INVALID: _C.REFUSED,
}

TABLE: Final[Mapping[RequestKind, Mapping[Response, Classification]]] = {
    RequestKind.READ: _REPEATABLE,
    # A proxy's page with status 200 reserves nothing, and a new reservation costs nothing.
    RequestKind.RESERVE: {**_REPEATABLE, _R.UNREADABLE: _C.TRANSIENT},
    # Storages answer 200, 201 or 204; their error codes are read by `storage.dialects`.
    RequestKind.STORE: {**_REPEATABLE, _R.OTHER_SUCCESS: _C.DONE},
    RequestKind.UPDATE: _REPEATABLE,
    # The first attempt, whose response was lost, has deleted it.
    RequestKind.DELETE: {**_REPEATABLE, _R.NOT_FOUND_LATER: _C.DONE},
    # A gateway may answer for a service that still carries the request out, with any status except those that
    # only the service's own checks return. Everything that is not listed as proof is UNKNOWN.
    RequestKind.CREATE: {
        **dict.fromkeys(Response, _C.UNKNOWN),
        _R.NOT_SENT: _C.NOT_CARRIED_OUT,
        _R.NEVER_SENDABLE: _C.REFUSED,
        _R.SUCCESS: _C.DONE,
        _R.REJECTED: _C.REFUSED,
        _R.NOT_FOUND: _C.REFUSED,
        _R.NOT_FOUND_LATER: _C.REFUSED,
        _R.TOO_MANY: _C.NOT_CARRIED_OUT,
    },
}
"""The only place that decides about the meaning of a response for its request."""

HOSTS: Final[Mapping[Response, HostState]] = {
    **dict.fromkeys(Response, HostState.WORKS),
    _R.NOT_SENT: HostState.FAILS,
    _R.NEVER_SENDABLE: HostState.FAILS,
    _R.LOST: HostState.FAILS,
    _R.TOO_MANY: HostState.THROTTLES,
    _R.UNSUPPORTED: HostState.FAILS,
    _R.UNAVAILABLE: HostState.OVERLOADED,
    _R.SERVER_ERROR: HostState.FAILS,
}
"""The only place that decides about the meaning of a response for the host."""

_SINGLE: Final[Mapping[int, Response]] = {
    **dict.fromkeys((400, 401, 403, 413, 422), _R.REJECTED),
    404: _R.NOT_FOUND,
    **dict.fromkeys((408, 425), _R.TRY_AGAIN),
    429: _R.TOO_MANY,
    **dict.fromkeys((501, 505, 506, 507, 508, 510, 511), _R.UNSUPPORTED),
    503: _R.UNAVAILABLE,
}
_HUNDREDS: Final[Mapping[int, Response]] = {
    2: _R.OTHER_SUCCESS,
    3: _R.REDIRECT,
    4: _R.OTHER_CLIENT_ERROR,
    5: _R.SERVER_ERROR,
}
_NO_RESPONSE: Final = frozenset({APIConnectionError.__name__, APITimeoutError.__name__})
_KINDS: Final[Mapping[str, RequestKind]] = {
    "GET": RequestKind.READ,
    "HEAD": RequestKind.READ,
    "POST": RequestKind.RESERVE,
    "DELETE": RequestKind.DELETE,
}
_MAY_BE_SENT_AGAIN: Final = frozenset({_C.NOT_CARRIED_OUT, _C.TRANSIENT})


def kind_of(request: Request) -> RequestKind:
    """Return the row of a request."""
    if not request.repeatable:
        return RequestKind.CREATE
    if request.method == "PUT" and request.is_absolute:
        return RequestKind.STORE
    return _KINDS.get(request.method, RequestKind.UPDATE)


def response_of(status: int, expect: int | None = None) -> Response:
    """Return the column of a status.

    Args:
        status: The status.
        expect: The status that means success; without it, every 2xx does.
    """
    if status == expect or (expect is None and 200 <= status < 300):  # noqa: PLR2004
        return Response.SUCCESS
    return _SINGLE.get(status) or _HUNDREDS.get(status // 100, Response.INVALID)


def classify(request: Request, response: Response) -> Classification:
    """Return the conclusion from a response to a request."""
    return TABLE[kind_of(request)][response]


def classify_reply(request: Request, reply: Reply, expect: int | None = None) -> Classification:
    """Return the conclusion from the status of a reply; its body may still turn out to be `UNREADABLE`.

    Args:
        request: The request that was sent.
        reply: The reply.
        expect: See `response_of`.
    """
    if reply.status == expect or (expect is None and 200 <= reply.status < 300):  # noqa: PLR2004
        return Classification.DONE  # in every row; checked first because it is so for nearly every reply
    response = response_of(reply.status, expect)
    if response is Response.NOT_FOUND and reply.attempts > 1:
        response = Response.NOT_FOUND_LATER
    return TABLE[kind_of(request)][response]


def classify_error(request: Request, error: APIConnectionError) -> Classification:
    """Return the conclusion from a missing response to a request."""
    if error.reached:
        return classify(request, Response.LOST)
    return classify(request, Response.NEVER_SENDABLE if error.permanent else Response.NOT_SENT)


def may_be_sent_again(classification: Classification) -> bool:
    """Return whether the same request may be sent again without checking first."""
    return classification in _MAY_BE_SENT_AGAIN


def is_transient(status: int) -> bool:
    """Return whether a retry may get another status, for a request that is safe to repeat."""
    return may_be_sent_again(_REPEATABLE[response_of(status)])


def host_state(status: int | None, retry_after: float | None, error: str | None) -> HostState:
    """Return what an exchange shows about the host.

    Args:
        status: The status; `None` if no response arrived.
        retry_after: The seconds of Retry-After.
        error: The class of the error, if no response arrived.
    """
    if status is None:
        return HOSTS[Response.LOST] if error in _NO_RESPONSE else HostState.UNSEEN
    state = HOSTS[response_of(status)]
    return HostState.THROTTLES if state is HostState.OVERLOADED and retry_after is not None else state
