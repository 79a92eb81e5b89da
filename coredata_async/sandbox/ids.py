"""Identifiers and times: UUIDv1 ids whose clock is the `created` of the named object."""

import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import define, field

Clock = Callable[[], float]

_EPOCH_TICKS = 0x01B21DD213814000  # 100 ns steps between 1582-10-15, where UUIDv1 begins, and 1970
_TICKS = 10_000_000


def _random_node() -> int:
    # RFC 9562 section 6.10: a node id that is not a hardware address has its multicast bit set.
    return secrets.randbits(48) | 1 << 40


@define
class Ids:
    """Source of UUIDv1 ids, strictly increasing, by a clock that may be a test's."""

    clock: Clock
    _node: int = field(factory=_random_node)
    _sequence: int = field(factory=lambda: secrets.randbits(14))
    _last: int = 0

    def new(self) -> str:
        """Return an id that contains the current time."""
        self._last = ticks = max(int(self.clock() * _TICKS) + _EPOCH_TICKS, self._last + 1)
        fields = (
            ticks & 0xFFFFFFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48 & 0x0FFF,
            self._sequence >> 8 & 0x3F,
            self._sequence & 0xFF,
            self._node,
        )
        return str(uuid.UUID(fields=fields, version=1))


def moment_of(identifier: str) -> float:
    """Return the Unix time inside a UUIDv1.

    In every vendor's sample the clock inside `id`, cut to the second, equals `created` (facts 4.3).
    """
    return (uuid.UUID(identifier).time - _EPOCH_TICKS) / _TICKS


def stamp(moment: float) -> str:
    """Return a time as the service writes it: naive, UTC, cut (not rounded) to the second (facts 4.3)."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def precise_stamp(moment: float) -> str:
    """Return a time as in comments: naive, UTC, with microseconds (facts 2.10)."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
