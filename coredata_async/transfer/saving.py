"""A download on its way to a file, which appears under its name when it is complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from attrs import frozen

from coredata_async.message import Reply
from coredata_async.storage.atomic import Part, Target, exists_error, holds
from coredata_async.transfer.fetch import DownloadRequest, Fetcher
from coredata_async.transfer.ranges import content_range_of
from coredata_async.transfer.resume import PartialDownload, open_part, read_partial


@frozen(kw_only=True)
class Saving:
    """One attempt to save the content of a response."""

    fetcher: Fetcher
    wanted: DownloadRequest
    reply: Reply
    content: Callable[[Reply, PartialDownload], AsyncGenerator[bytes, None]]
    """Yields the bytes after those received already, and compares the digest of all."""
    digest: Callable[[Reply], Awaitable[str | None]]
    """Returns the expected MD5, if it is known."""
    decompress: bool | None
    resume: bool

    async def save(self, target: Target) -> Path:
        """Save under the name of the target."""
        async with self.fetcher.open_files:
            with await self._part(target) as part:
                begun = await self._fill(part)
                try:
                    part.publish(target)
                except FileExistsError:  # it appeared meanwhile
                    same = await asyncio.to_thread(holds, target.path, begun.digest.hexdigest(), begun.count)
                    if not same:
                        raise exists_error(target.path) from None
        return target.path

    async def save_new(self, wanted: Path) -> Path:
        """Save under the wanted name, or one like it that is free; return the path."""
        path, exists = await self._choose(
            wanted, await self.digest(self.reply), content_range_of(self.reply).total
        )
        if exists:
            return path
        async with self.fetcher.open_files:
            with await self._part(Target(wanted, replace=False)) as part:
                begun = await self._fill(part)
                while not part.published and not exists:
                    path, exists = await self._choose(wanted, begun.digest.hexdigest(), begun.count)
                    if not exists:
                        with suppress(FileExistsError):  # it appeared meanwhile
                            part.publish(Target(path, replace=False))
        self.fetcher.ownership.remember(path, self.wanted.file_id)
        return path

    async def _choose(self, wanted: Path, digest: str | None, size: int | None) -> tuple[Path, bool]:
        """Return a free path, or the path of the same file, and whether it exists already."""
        choose = self.fetcher.ownership.choose
        return await asyncio.to_thread(choose, wanted, self.wanted.file_id, digest, size)

    async def _part(self, target: Target) -> AbstractContextManager[Part]:
        proof = await self.digest(self.reply) or content_range_of(self.reply).proof if self.resume else None
        return open_part(self.wanted, proof, target, decompress=self.decompress)

    async def _fill(self, part: Part) -> PartialDownload:
        """Append the missing bytes, and return count and digest of the whole."""
        begun = PartialDownload()
        if part.size:
            begun = await asyncio.to_thread(read_partial, part.file, content_range_of(self.reply).total)
        await part.write(self.content(self.reply, begun))
        return begun
