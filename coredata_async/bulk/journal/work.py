"""Work of a file worker: one file with the facts that its upload needs."""

from __future__ import annotations

import time

from attrs import field, frozen

from coredata_async.bulk.journal.items import Item


@frozen
class RemoteFile:
    """A File that the server has under the name of a local file."""

    file: str
    size: int | None
    digest: str | None
    snapshot: str | None
    created: float
    ours: bool = field(default=False, converter=bool)
    """True if it appeared after a shard was planned, so that a former owner of the shard created it."""


@frozen
class Work:
    """One file, with all facts that a worker needs."""

    item: Item
    parent: str
    """Id of the remote folder."""
    namesakes: tuple[RemoteFile, ...] = ()
    """Files that the server had under this name before this job uploaded anything there."""
    refused: bool = False
    """True if its latest registration was refused, so that none can be in flight inside the server."""
    absent: bool = False
    """True if its File has just been looked up and is proven absent."""
    successes: int = 0
    """Number of Files that this job had registered when a registration of this one was last sent."""
    settled: bool = True
    """True if no registration of an earlier job can be in flight in the folder: it may become a File."""


def previous_version(item: Item) -> RemoteFile:
    """Return the File of a file's earlier content."""
    return RemoteFile(item.file or "", None, item.md5, None, time.time())
