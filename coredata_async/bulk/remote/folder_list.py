"""List of the server's folders in the journal; tasks that need it at the same time share one listing."""

from __future__ import annotations

import asyncio

from attrs import define, field

from coredata_async.bulk.remote.listing import Remote


@define(eq=False)
class FolderList:
    """List of all folders, read at most once per request for it: the service has no filter on folders."""

    remote: Remote
    incomplete_reason: str | None = field(default=None, init=False)
    """Reason why a folder may exist that the latest listing did not show."""
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _begun: int = field(default=0, init=False)
    _read: int = field(default=0, init=False)
    """Number of the latest listing that was read completely."""

    async def load(self) -> None:
        """Read the folders, once in a run."""
        await self._load(1)

    async def load_again(self) -> None:
        """Read the folders with a listing that begins after this call."""
        await self._load(self._begun + 1)

    async def _load(self, number: int) -> None:
        async with self._lock:
            if self._read < number:
                self._begun += 1
                self.incomplete_reason = await self.remote.load_folders()
                self._read = self._begun

    async def with_title(self, inside: str, title: str) -> list[str]:
        """Return the ids of the folders of this title in a folder, the oldest first, as last read."""
        return await self.remote.find_folders(inside, title)
