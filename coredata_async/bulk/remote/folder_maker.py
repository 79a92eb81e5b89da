"""Single creation of each remote folder, also if several processes of a job need it at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import frozen


class FolderMaker(Protocol):
    """Creates each folder once for all processes that plan parts of one job."""

    async def get(self, parent: str, title: str) -> str | None:
        """Return the id of a folder that a process of this job has created.

        Waits for one that is being created by a living process.
        """
        ...

    async def make(
        self,
        parent: str,
        title: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Return the id of the folder, and create it unless a process of this job has done so.

        Args:
            parent: Id of the folder above.
            title: Title of the folder.
            create: Creates the folder and returns its id; if the response is lost, it looks for the folder,
                which takes minutes. Whatever it raises, no folder exists by a request of this process.
            find: Lists the folders again, and returns the id of an existing one. For a creation that a dead
                process has begun: its request may be in flight for `Retry.settle` + `Retry.probe_gap`.
        """
        ...


@frozen
class LocalFolderMaker:
    """Folder maker of a job in one process, which needs each folder once."""

    async def get(self, parent: str, title: str) -> str | None:
        """Return None."""
        del parent, title
        return None  # the result, not the absence of one

    async def make(
        self,
        parent: str,
        title: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Create the folder."""
        del parent, title, find
        return await create()
