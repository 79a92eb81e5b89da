"""Memory of the revisions that this process has seen, and since when: it shows that an owner is dead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field

from coredata_async.fence import read_clock
from coredata_async.records.store import Revision

CAPACITY: Final = 10_000
"""Maximum number of keys that are remembered; the oldest is forgotten first."""


@define(eq=False)
class Observations:
    """The last revision seen of each key, and the time at which it was first seen."""

    clock: Callable[[], float] = read_clock
    _seen: dict[str, tuple[int, float]] = field(factory=dict[str, tuple[int, float]], init=False)

    def note(self, found: Revision) -> float:
        """Record a revision; return the seconds for which it is known to be unchanged."""
        key, now = found.record.key, self.clock()
        number, since = self._seen.get(key, (None, now))
        if number == found.number:
            return now - since
        self._seen.pop(key, None)
        if len(self._seen) >= CAPACITY:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = (found.number, now)
        return 0.0

    def forget(self, key: str) -> None:
        """Forget a key whose upload has ended."""
        self._seen.pop(key, None)
