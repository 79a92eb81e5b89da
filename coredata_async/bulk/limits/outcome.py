"""Outcome of one exchange, as seen by the width, the rate and the circuit."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final

from attrs import define, field

from coredata_async.errors import APIConnectionError, APITimeoutError
from coredata_async.response_table import Response, response_of
from coredata_async.transport.trace import Exchanged

_UNAVAILABLE: Final = 503
_FAILURES: Final = frozenset({Response.SERVER_ERROR, Response.UNSUPPORTED})
_NO_ANSWER: Final = frozenset({APIConnectionError.__name__, APITimeoutError.__name__})


class Outcome(Enum):
    """State of the host that an exchange proves."""

    WORKED = auto()
    """It answered. A 4xx concerns the request, and is not a fault of the host."""
    THROTTLED = auto()
    """429, or 503 with Retry-After: the host works, and rejected the request. See `Recent`."""
    UNAVAILABLE = auto()
    """503 alone: the host is overloaded, as with `SlowDown` of a storage, or down."""
    FAILED = auto()
    """Another 5xx, or no response."""
    NOT_SENT = auto()
    """No request was sent, for example because the source could not be read."""


def classify(event: Exchanged) -> Outcome:
    """Return the outcome of one exchange."""
    status = event.status
    if status is None:
        return Outcome.FAILED if event.error in _NO_ANSWER else Outcome.NOT_SENT
    if status == _UNAVAILABLE:
        return Outcome.UNAVAILABLE if event.retry_after is None else Outcome.THROTTLED
    response = response_of(status)
    if response is Response.TOO_MANY:
        return Outcome.THROTTLED
    return Outcome.FAILED if response in _FAILURES else Outcome.WORKED


LATEST: Final = 20
"""Number of exchanges that show the present state of a host."""


@define
class Recent:
    """Latest exchanges, which show the meaning of a 503 with Retry-After.

    If most requests get one, the host rejects all requests. If few do, it concerns those few: a gateway also
    sends it for a single request that took too long, and all others must not wait for it.
    """

    _rejected: deque[bool] = field(factory=lambda: deque[bool](maxlen=LATEST), init=False)

    def classify(self, event: Exchanged) -> Outcome:
        """Return the outcome of one exchange, with regard to those before it."""
        outcome = classify(event)
        if outcome is Outcome.NOT_SENT:
            return outcome
        by_503 = outcome is Outcome.THROTTLED and event.status == _UNAVAILABLE
        self._rejected.append(by_503)
        if by_503 and sum(self._rejected) * 2 <= len(self._rejected):
            return Outcome.UNAVAILABLE
        return outcome
