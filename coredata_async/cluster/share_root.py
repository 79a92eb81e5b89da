"""Root directories of shares: a worker without one returns its tasks instead of failing their files."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from attrs import frozen

from coredata_async.bulk.formatting import printable_path
from coredata_async.cluster.errors import ShareUnavailableError
from coredata_async.cluster.messages import Source


@frozen
class ShareRoot:
    """The root of a share on this machine, and where its file system was mounted when the worker began.

    A file system that is no longer mounted leaves an empty directory, in which a scan would find nothing.
    """

    path: Path
    mount: Path
    """Mount point of the file system that the root is on."""

    @classmethod
    def of(cls, path: Path) -> ShareRoot:
        """Return a root as it is now."""
        return cls(path, _mount_point(path))

    async def check(self, share: str) -> None:
        """Check that the root can be used. A file system that does not answer delays this.

        Raises:
            ShareUnavailableError: If it is missing, or is on another file system than before.
        """
        await asyncio.to_thread(self._check, share)

    async def find_emptiness(self, source: Source) -> str | None:
        """Return a warning if a source has no entries, like the directory of a disk that is not mounted.

        A file system that does not answer delays this.
        """
        return await asyncio.to_thread(self._find_emptiness, source)

    def _find_emptiness(self, source: Source) -> str | None:
        path = self.path / source.path
        try:
            with os.scandir(path) as entries:
                if next(entries, None) is not None:
                    return None
        except OSError:  # a file, or one that cannot be read: the scan says so
            return None
        return (
            f"{source} is empty: the directory {printable_path(os.fsencode(path))} on {socket.gethostname()} "
            "has no entries. If a file system belongs there, mount it, and start the worker again."
        )

    def _check(self, share: str) -> None:
        if not self.path.is_dir():
            raise ShareUnavailableError(
                f"the root {self.path} of the share {share} is no longer a directory: restore or mount it"
            )
        now = _mount_point(self.path)
        if now != self.mount:
            raise ShareUnavailableError(
                f"the root {self.path} of the share {share} is no longer on the file system at {self.mount}, "
                f"but on that at {now}: mount it, or start the worker again"
            )


def _mount_point(path: Path) -> Path:
    real = Path(os.path.realpath(path))  # `resolve` raises RuntimeError for links in a circle
    return next(each for each in (real, *real.parents) if each.is_mount() or each == each.parent)
