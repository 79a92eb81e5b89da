"""Request bodies: bytes in memory, or streams that are counted, hashed and checked while they are sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from attrs import frozen

from coredata_async.errors import SourceChangedError, SourceError, SourceNotReplayableError

INLINE: Final = 64 * 1024
"""Bodies up to this many bytes are hashed in the event loop: it takes less time than a thread switch (147
us).
"""

REPLAYABLE: Final = (
    "pass a path, bytes, a seekable file, a callable that returns an async iterator, or spool=True"
)
"""Advice for a source that had to be read twice."""

OnSent = Callable[[int], Awaitable[object] | None]
"""Called with the number of bytes sent in this pass; an awaitable result is awaited."""


class Digest(Protocol):
    """A hash object of hashlib."""

    def update(self, data: bytes, /) -> None:
        """Add more bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hexadecimal digest of all bytes so far."""
        ...


new_md5: Final = partial(hashlib.md5, usedforsecurity=False)
"""Creates the digest that the service keeps of every file. It detects accidents, not attacks."""


def md5_of_file(path: Path) -> str:
    """Return the MD5 of a file. Blocks: run it in a thread.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, new_md5).hexdigest()


class Streamed:
    """A body that is too large to hold in memory, or that has not arrived yet.

    Each pass opens the source again and must yield exactly `size` bytes. After a complete pass, `md5` is the
    digest of the bytes sent in that pass. Memory: a few blocks.
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
        self._declared = declared  # the caller gave the size; it was not measured
        self._begun = False

    @property
    def replayable(self) -> bool:
        """Return whether another pass is possible."""
        return self._replayable or not self._begun

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the blocks of one pass over the source.

        Raises:
            SourceNotReplayableError: If it was read already and can be read only once.
            SourceChangedError: If it yields more or fewer bytes than were measured.
            SourceError: If it yields more or fewer bytes than the caller declared.
        """
        if not self.replayable:
            raise SourceNotReplayableError(
                f"{self.name}: the bytes must be sent again, but the source can be read only once; "
                + REPLAYABLE,
                stage="put",
                total=self.size,
            )
        self._begun, self.md5, self.sent = True, None, 0
        digest = new_md5()
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
        # A storage answers as soon as it has the announced bytes, and aiohttp then cancels this pass.
        # Therefore the last block is yielded last: the source has ended where it should, and the digest is
        # known.
        await self._count(held)
        if held:
            yield held

    async def _count(self, block: bytes) -> None:
        self.sent += len(block)
        if self.on_sent and (pending := self.on_sent(self.sent)) is not None:
            await pending

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
            f"{self.name} yields {how} bytes than the {self.size} it had at first: it changed while it was "
            "read, and nothing was registered; upload it again once nothing writes to it",
            stage="put",
            sent=self.sent,
            total=self.size,
        )


@frozen
class WrappedBody:
    """A body between a prefix and a suffix: the file part of a form."""

    head: bytes
    inner: Streamed
    tail: bytes

    @property
    def size(self) -> int:
        """Total length of prefix, body and suffix, in bytes."""
        return len(self.head) + self.inner.size + len(self.tail)

    @property
    def replayable(self) -> bool:
        """Return whether the inner body can be sent again."""
        return self.inner.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the blocks of one pass over prefix, body and suffix."""
        yield self.head
        async with aclosing(self.inner.chunks()) as blocks:
            async for block in blocks:
                yield block
        yield self.tail


async def _update(digest: Digest, block: bytes) -> None:
    if len(block) <= INLINE:
        digest.update(block)
    else:
        await asyncio.to_thread(digest.update, block)  # hashlib releases the GIL
