"""Bodies to send: bytes held whole, or streams that are counted, hashed and checked on the way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, Protocol

from attrs import frozen

from coredata_async.errors import SourceChangedError, SourceError, SourceNotReplayableError

INLINE: Final = 64 * 1024
"""Up to this many bytes are hashed in the event loop: it takes less than a hop to a thread (147 us)."""

REPLAYABLE: Final = (
    "pass a path, bytes, a seekable file, a callable that returns an async iterator, or spool=True"
)
"""Advice for a source that had to be read twice."""

OnSent = Callable[[int], Awaitable[object] | None]
"""Told how many bytes of this pass have gone; what it returns is awaited, if it can be."""


class Digest(Protocol):
    """A hash in flight."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        ...

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""
        ...


def md5(data: bytes | memoryview) -> str:
    """The digest the service keeps of every file; it guards against accidents, not against enemies."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def md5_of_file(path: Path) -> str:
    """The same of a file on disk; it blocks, so run it in a thread.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class Streamed:
    """A body that is too large, or not there yet, to be held whole.

    Each pass opens the source again, and must give exactly `size` bytes. After a complete pass, `md5`
    is the digest of what was sent in it. Memory: a few blocks.
    """

    def __init__(
        self,
        size: int,
        blocks: Callable[[], AsyncGenerator[bytes, None]],
        *,
        name: str,
        replayable: bool = True,
        hashed_by: Callable[[], str] | None = None,
        declared: bool = False,
    ) -> None:
        self.size = size
        self.name = name
        self.md5: str | None = None
        self.sent = 0
        self.on_sent: OnSent | None = None
        self._blocks = blocks
        self._replayable = replayable
        self._hashed_by = hashed_by
        self._declared = declared  # the size was given by the caller, and not measured
        self._begun = False

    @property
    def replayable(self) -> bool:
        """Return whether another pass is possible."""
        return self._replayable or not self._begun

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """One pass over the source.

        Raises:
            SourceNotReplayableError: It was read already, and can be read only once.
            SourceChangedError: It gives more or fewer bytes than were measured.
            SourceError: It yields more or fewer bytes than the caller declared.
        """
        if not self.replayable:
            raise SourceNotReplayableError(
                f"{self.name}: the bytes must be sent again, but the source can be read only once; "
                + REPLAYABLE,
                stage="put",
                total=self.size,
            )
        self._begun, self.md5, self.sent = True, None, 0
        digest = hashlib.md5(usedforsecurity=False)
        taken, held = 0, b""
        async with aclosing(self._blocks()) as blocks:
            async for block in blocks:
                taken += len(block)
                if taken > self.size:
                    raise self._wrong_size(taken, "more")
                if self._hashed_by is None:
                    await _update(digest, block)
                if held:
                    yield held
                    await self._count(held)
                held = block
        if taken < self.size:
            raise self._wrong_size(taken, "fewer")
        self.md5 = self._hashed_by() if self._hashed_by else digest.hexdigest()
        # A storage answers as soon as it has the announced bytes, and aiohttp then breaks this pass off. So
        # the last block leaves only now: the source has ended where it should, and the digest is known.
        await self._count(held)
        if held:
            yield held

    async def _count(self, block: bytes) -> None:
        self.sent += len(block)
        if self.on_sent and (told := self.on_sent(self.sent)) is not None:
            await told

    def _wrong_size(self, taken: int, how: str) -> SourceError:
        if self._declared:
            more = "; it was not read to its end" if how == "more" else ""
            return SourceError(
                f"{self.name} yielded {taken} bytes, but size={self.size} was given{more}. Nothing was "
                "registered: pass the right size, or none to have it counted",
                stage="put",
                sent=self.sent,
                total=self.size,
            )
        return SourceChangedError(
            f"{self.name} gives {how} bytes than the {self.size} it had at first: it changed while it was "
            "read, and nothing was registered; upload it again when it is at rest",
            stage="put",
            sent=self.sent,
            total=self.size,
        )


@frozen
class WrappedBody:
    """A body with something before and after it: the file part of a form."""

    head: bytes
    inner: Streamed
    tail: bytes

    @property
    def size(self) -> int:
        """The length of all three."""
        return len(self.head) + self.inner.size + len(self.tail)

    @property
    def replayable(self) -> bool:
        """As the inner body."""
        return self.inner.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """One pass over all three."""
        yield self.head
        async with aclosing(self.inner.chunks()) as blocks:
            async for block in blocks:
                yield block
        yield self.tail


async def _update(digest: Digest, block: bytes) -> None:
    if len(block) <= INLINE:
        digest.update(block)
    else:
        await asyncio.to_thread(digest.update, block)  # hashlib lets go of the GIL
