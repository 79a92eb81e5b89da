"""Expiry of signed URLs: admission of uploads that prevents it, and diagnosis of the wrong clock after it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final, Protocol

from attrs import frozen

from coredata_async.errors import URLExpiredError

UNKNOWN_LIFETIME: Final = 30.0
"""Assumed lifetime of a URL that does not contain its expiry, in seconds."""


@frozen(kw_only=True)
class Clocks:
    """Times that belong to one PUT."""

    expires: datetime | None
    """Expiry of the URL, as stated by the URL."""
    service: datetime | None
    """The service's clock when it created the URL (Date of the reservation)."""
    storage: datetime | None
    """The storage's clock when it refused (Date of its response)."""
    local: datetime
    """This machine's clock when the storage refused."""
    elapsed: float
    """Seconds from the reservation to the refusal, by this machine's monotonic clock."""

    @property
    def lifetime(self) -> float:
        """Intended lifetime of the URL, in seconds, by the service's clock."""
        if self.expires is None or self.service is None:
            return UNKNOWN_LIFETIME
        return (self.expires - self.service).total_seconds()

    @property
    def on_arrival(self) -> bool:
        """True if the URL was used well within its lifetime, so its expiry is not the network's fault."""
        return self.lifetime <= 0 or self.elapsed < self.lifetime / 2  # Date headers have whole seconds

    @property
    def skew(self) -> float | None:
        """Seconds by which the storage's clock is ahead of the service's."""
        if self.storage is None or self.service is None:
            return None
        return (self.storage - self.service).total_seconds() - self.elapsed

    @property
    def still_valid(self) -> bool:
        """True if the URL had not expired by the storage's own clock: the refusal has another reason."""
        return self.expires is not None and self.storage is not None and self.storage < self.expires

    def __str__(self) -> str:
        """Return all known times, for an error message."""
        known = (
            ("the URL expires at", self.expires),
            ("the service's clock was", self.service),
            ("the storage's clock", self.storage),
            ("this machine's", self.local),
        )
        times = [f"{whose} {when.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" for whose, when in known if when]
        return ", ".join(times) + self._compare

    @property
    def _compare(self) -> str:
        skew = self.skew
        if skew is not None and abs(skew) > 2:  # noqa: PLR2004  # Date headers have whole seconds
            side = "ahead of" if skew > 0 else "behind"
            return f": the storage's clock is {abs(skew):.0f} s {side} the service's"
        if self.lifetime <= 0:
            return f": the service makes URLs that expired {-self.lifetime:.0f} s before its own clock's time"
        return ""

    def to_error(
        self, count: int, *, total: int, status: int | None, storage_code: str | None
    ) -> URLExpiredError:
        """Return the error for `count` URLs in a row that had expired."""
        return URLExpiredError(
            f"{count} signed URLs in a row had expired before the storage took the bytes ({self}); "
            + (
                "correct the clocks of the service and its storage"
                if self.on_arrival
                else "the network is too slow for the lifetime of the URLs"
            ),
            stage="put",
            total=total,
            status=status,
            storage_code=storage_code,
            on_arrival=self.on_arrival,
            skew=self.skew,
        )


class Admission(Protocol):
    """Delays uploads until the storage can accept them, because a signed URL expires while it waits."""

    async def begin(self) -> None:
        """Wait until another file may begin. After a normal return, `end` must follow.

        Raises:
            URLExpiredError: If every URL of several files had expired: further requests would be useless.
        """
        ...

    def end(self) -> None:
        """Record that a file is no longer in flight."""
        ...

    def holds_back(self, *, whole: bool, again: bool) -> bool:
        """Return whether `slot` must be entered before a URL is reserved.

        Args:
            whole: True if the bytes are held in memory, so that the PUT takes a short time.
            again: True if an earlier URL of the same file had expired.
        """
        ...

    def slot(self, size: int, *, whole: bool) -> AbstractAsyncContextManager[None]:
        """Wait until a PUT of `size` bytes could begin at once, and reserve its slot for this task."""
        ...

    def record_stored(self) -> None:
        """Record that the storage accepted a file."""
        ...

    def record_expired(self, error: URLExpiredError) -> None:
        """Record that every URL of a file had expired."""
        ...
