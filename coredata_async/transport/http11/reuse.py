"""Reuse of idle connections: maximum idle time, and detection of unsolicited data."""

from __future__ import annotations

import re
import select
from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import define, field

KEPT_FOR: Final = 15.0
"""Maximum idle time before reuse, in seconds, as in aiohttp. Most servers close connections after 20 s to 75
s. The younger a connection, the safer, and a new one costs only a round trip or two.
"""
PROBATION: Final = 0.002
"""Seconds that the first connection of an origin must be idle and silent before the origin is trusted."""
SOON: Final = 1.0
"""Seconds after a response in which more bytes are an unsolicited response, and not a farewell like 408."""
DISTRUST: Final = 60.0
"""Seconds for which connections to an origin that sent an unsolicited response are used only once."""

_HINT: Final = re.compile(r'\b(timeout|max)\s*=\s*"?(\d{1,9})', re.IGNORECASE)


def idle_limit(keep_alive: str) -> float:
    """Return the maximum idle time of a connection, in seconds, from its last Keep-Alive header.

    Up to a second is subtracted from `timeout=N`: the server's clock started before the response arrived, and
    the next request takes its time to arrive. `max=0` announces that no further request is answered.
    """
    hints = {name.lower(): int(number) for name, number in _HINT.findall(keep_alive)}
    if hints.get("max") == 0:
        return 0.0
    seconds = hints.get("timeout")
    return KEPT_FOR if seconds is None else min(KEPT_FOR, seconds - min(1.0, seconds / 2))


def watch(fd: int) -> Callable[[], object]:
    """Return a function that checks if an idle socket is readable, without reading from it.

    On an idle connection, readable means an unsolicited response or the end of the connection: it must not be
    reused. The event loop would notice only after the next request was sent. The check takes 0.7 us.
    """
    if not hasattr(select, "poll"):  # Windows
        return lambda: select.select([fd], [], [], 0)[0]
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return partial(poll.poll, 0)


@define
class Reputation:
    """Record of the origins that send exactly one response to a request.

    An unsolicited response that arrives after the next request was sent cannot be distinguished from the
    response to it. So an origin is trusted after its first connection was silent for a moment, and distrusted
    for a minute once an unsolicited response was seen in time.
    """

    trusted: set[object] = field(factory=set[object], init=False)
    """Origins whose connections may be reused at once."""
    distrusted: dict[object, float] = field(factory=dict[object, float], init=False)
    """Origins whose connections are used only once, and until when; mostly empty."""

    def accuse(self, origin: object, now: float) -> None:
        """Record that the origin sent an unsolicited response."""
        self.trusted.discard(origin)
        self.distrusted[origin] = now + DISTRUST

    def is_distrusted(self, origin: object, now: float) -> bool:
        """Return whether connections to the origin are used only once."""
        if self.distrusted.get(origin, 0.0) > now:
            return True
        self.distrusted.pop(origin, None)
        return False
