"""Limit of bytes per second for all files together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from attrs import define

TICKS: Final = 10
"""Pieces of a limited stream per second: small pieces flow evenly, whole blocks would not."""

HORIZON: Final = 0.5
"""Maximum admitted bytes of small files, in seconds of the limit: their URLs wait no longer than that."""

STREAMS: Final = 2
"""Maximum number of admitted streams, unless they leave a part of the limit unused: pieces go in turn."""

_CHECK_INTERVAL: Final = 0.05
"""Minimum seconds between two checks whether the streams leave a part of the limit unused."""

_EPSILON: Final = 1e-3
"""Bytes that arithmetic may leave over; no timer is finer than that."""


@define(eq=False)
class Slot:
    """Admitted upload."""

    left: int
    """Bytes for which tokens have not been taken yet."""
    whole: bool
    started: bool = False


class Bandwidth:
    """Token bucket, first come, first served.

    A caller may overdraw the bucket once; the next caller waits until the debt is repaid. So a piece of any
    size passes, and a new limit takes effect at once, also for bytes that were taken before.

    Args:
        limit: Bytes per second; `None` means unlimited.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, limit: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit: float | None = limit
        """Limit in bytes per second; see `set_limit`."""
        self._clock = clock
        self._tokens = 0.0
        self._at = clock()
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._locks = {True: asyncio.Lock(), False: asyncio.Lock()}  # small files do not wait behind streams
        self._slots: dict[asyncio.Task[object] | None, Slot] = {}
        self._advanced = asyncio.Event()

    def set_limit(self, limit: float | None) -> None:
        """Set the limit, at any time.

        Raises:
            ValueError: If it is not positive.
        """
        if limit is not None and not limit > 0:
            raise ValueError(f"limit must be more than 0 bytes per second, or None, and is {limit!r}")
        self._fill()
        self.limit = limit
        self._changed.set()
        self._advanced.set()

    @property
    def piece(self) -> int | None:
        """Number of bytes to send at once; `None` without a limit."""
        return None if self.limit is None else max(1, int(self.limit / TICKS))

    @asynccontextmanager
    async def slot(self, size: int, *, whole: bool) -> AsyncGenerator[None, None]:
        """Wait until the bytes of an upload can go soon; the task that holds the slot sends them.

        Args:
            size: Number of bytes.
            whole: True if they are held in memory, False for a stream.
        """
        async with self._locks[whole]:
            while not self._has_capacity(whole=whole):
                self._advanced.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(self._debt_seconds(), _CHECK_INTERVAL)):
                        await self._advanced.wait()
            task = asyncio.current_task()
            self._slots[task] = Slot(size, whole)
        try:
            yield
        finally:
            del self._slots[task]
            self._advanced.set()

    def slot_of_task(self) -> Slot | None:
        """Return the slot that the running task holds."""
        return self._slots.get(asyncio.current_task()) if self._slots else None

    async def take(self, count: int, slot: Slot | None = None) -> None:
        """Wait until this many bytes may go; `slot` is that of their upload."""
        if self.limit is None:
            return
        async with self._lock:
            while (wait := self._debt_seconds()) > 0:
                self._changed.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._tokens -= count
        if slot is not None:
            slot.left, slot.started = max(0, slot.left - count), True
            self._advanced.set()

    def _has_capacity(self, *, whole: bool) -> bool:
        """Return whether the first piece of another upload could go soon."""
        if self.limit is None:
            return True
        if whole:
            ahead = sum(slot.left for slot in self._slots.values() if slot.whole)
            return ahead <= self.limit * HORIZON
        streams = [slot for slot in self._slots.values() if not slot.whole]
        unused = (
            not self._lock.locked() and self._debt_seconds() == 0 and all(slot.started for slot in streams)
        )
        return len(streams) < STREAMS or unused

    def _debt_seconds(self) -> float:
        """Return the seconds until the debt is repaid."""
        self._fill()
        if self.limit is None or self._tokens > -_EPSILON:
            return 0.0
        return -self._tokens / self.limit

    def _fill(self) -> None:
        """Add the tokens since the last call; idle time is saved for one tick at most."""
        now = self._clock()
        if self.limit is None:
            self._tokens = 0.0
        else:
            earned = (now - self._at) * self.limit
            self._tokens = min(self._tokens + earned, self.limit / TICKS)
        self._at = now
