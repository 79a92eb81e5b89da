"""What one exchange says about the far end: one reading for the width, the rate and the circuit."""

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
    """How the far end is."""

    WORKED = auto()
    """It answered. A 4xx is about the request, and no fault of the far end."""
    THROTTLED = auto()
    """429, or 503 with Retry-After: it is well, and turned the request away. See `Recent`."""
    UNAVAILABLE = auto()
    """503 and no more: too much is asked of it, as with `SlowDown` of a storage, or it is down."""
    FAILED = auto()
    """Another 5xx, or no answer at all."""
    NOT_SENT = auto()
    """It was not asked, as when the source could not be read."""


def classify(event: Exchanged) -> Outcome:
    """The verdict on one exchange."""
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
"""Exchanges that say how a far end is at the moment."""


@define
class Recent:
    """The latest exchanges, which show what a 503 with Retry-After is worth.

    If most requests get one, the far end as a whole turns requests away. If few do, it concerns those few:
    a gateway, too, sends it for a single request that took too long, and all others must not wait for it.
    """

    _turned_away: deque[bool] = field(factory=lambda: deque[bool](maxlen=LATEST), init=False)

    def weigh(self, event: Exchanged) -> Outcome:
        """Give the verdict on one exchange, in the light of those before it."""
        verdict = classify(event)
        if verdict is Outcome.NOT_SENT:
            return verdict
        by_503 = verdict is Outcome.THROTTLED and event.status == _UNAVAILABLE
        self._turned_away.append(by_503)
        if by_503 and sum(self._turned_away) * 2 <= len(self._turned_away):
            return Outcome.UNAVAILABLE
        return verdict
