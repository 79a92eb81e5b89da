"""Responses of the sandbox: a status, headers and bytes, before faults are applied."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen

_WHOLE = re.compile(r"[0-9]{1,18}")
# Django sends this type with an empty body, so an empty error is not JSON.
_DJANGO = "text/html; charset=utf-8"


def _no_headers() -> Mapping[str, str]:
    return {}


def _nothing_to_close() -> None:
    """Do nothing, for bodies that hold nothing open."""


@frozen
class Streamed:
    """Body that is too long for memory: read piece by piece, then closed."""

    length: int
    read: Callable[[int], Awaitable[bytes]]
    close: Callable[[], object] = _nothing_to_close


@frozen
class Answer:
    """Response as a value."""

    status: int
    headers: Mapping[str, str] = field(factory=_no_headers)
    body: bytes | Streamed = b""


class Refused(Exception):  # noqa: N818 (it is an outcome of a request, not a failure of the sandbox)
    """Exception that leaves a handler early with its response."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def empty(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a response with a status and no body: 201, 204, 401, 404, 405."""
    return Answer(status, {"Content-Type": _DJANGO, **(headers or {})})


def as_json(value: object, status: int = 200) -> Answer:
    """Return a response with a JSON document."""
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def refuse(message: str, status: int = 400) -> Refused:
    """Return a refusal with `{"error": message}`, the body of a Tastypie service (inferred)."""
    return Refused(as_json({"error": message}, status))


NOT_FOUND = empty(404)
UNAUTHORIZED = empty(401)


def is_whole(text: str) -> bool:
    """Return whether a text of a request is a number, of at most 18 digits."""
    return _WHOLE.fullmatch(text) is not None
