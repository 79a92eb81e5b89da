"""Transfer of files from 5pm to the tree that is uploaded: each complete or not at all, and each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from coredata_async.archive.workspace import Names, Workspace, safe
from coredata_async.errors import ChecksumMismatchError, CoreDataError
from coredata_async.fivepm import File, FivePM
from coredata_async.transfer.workers import map_concurrently


@frozen(kw_only=True)
class Fetched:
    """A file of 5pm that is in the tree."""

    id: str
    name: str
    size: int


@frozen(kw_only=True)
class NotFetched:
    """A file of 5pm that could not be fetched; the next run retries it."""

    id: str
    name: str
    error: Exception


Outcome = Fetched | NotFetched


@frozen(kw_only=True)
class Stager:
    """Fetches the files that CoreData does not have yet."""

    pm: FivePM
    workspace: Workspace
    names: Names
    check_sizes: bool
    """True if a file must have the size that 5pm states. It is not documented that this size is in bytes."""

    async def fetch(
        self, files: Sequence[File], *, width: int, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Fetch the files, a few at a time; each fails alone. Memory: a block per file."""
        folder = self.workspace.folder(self.names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.workspace.clear_incoming()

        async def one(file: File) -> Outcome:
            name = self.names.given[key(file)]
            outcome = await self._one(file, folder / name)
            on_outcome(outcome)
            return outcome

        return await map_concurrently(
            [file for file in files if key(file) not in self.names.done], one, width
        )

    async def _one(self, file: File, target: Path) -> Outcome:
        try:
            # A file gets its name in the tree by a rename when it is complete, so every file there is
            # complete.
            size = _size(target)
            if size is None:
                size = await self._download(file, target)
        except (CoreDataError, OSError) as exc:
            return NotFetched(id=file.id, name=target.name, error=exc)
        return Fetched(id=file.id, name=target.name, size=size)

    async def _download(self, file: File, target: Path) -> int:
        coming = self.workspace.incoming / safe(file.id, "file")
        async with self.pm.activity.download(file.id) as body:
            await body.save(coming)
        size = _size(coming) or 0
        if self.check_sizes and file.size is not None and size != file.size:
            coming.unlink()
            raise ChecksumMismatchError(
                f"file {file.id} ({target.name}): 5pm states {file.size} bytes, but {size} arrived",
                stage="get",
                expected=str(file.size),
                actual=str(size),
                sent=size,
                total=file.size,
            )
        await asyncio.to_thread(coming.replace, target)
        return size


def _size(path: Path) -> int | None:
    """Return the size of a file in bytes; `None` if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def key(file: File) -> str:
    """Return the key of a file among the names."""
    return f"file:{file.id}"
