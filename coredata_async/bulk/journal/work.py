"""A file on its way to a worker, as a value."""

from __future__ import annotations

import time

from attrs import frozen

from coredata_async.bulk.journal.items import Item


@frozen
class RemoteFile:
    """A File that the server has under the name of one of ours."""

    file: str
    size: int | None
    digest: str | None
    snapshot: str | None
    created: float


@frozen
class Work:
    """One file, and all that a worker has to know of it."""

    item: Item
    parent: str
    """The remote folder."""
    namesakes: tuple[RemoteFile, ...] = ()
    """Files that the server had under this name, before this job put anything there."""
    refused: bool = False
    """Whether its latest registration was refused, so that none can be in flight inside the server."""
    absent: bool = False
    """Whether its File has just been looked for, and is proven not to be there."""
    successes: int = 0
    """Files that this job had registered when this one was last sent for registration."""
    settled: bool = True
    """Whether no registration of an earlier job can be in flight in the folder: it may become a File."""


def previous_version(item: Item) -> RemoteFile:
    """The File that a file's earlier content became."""
    return RemoteFile(item.file or "", None, item.md5, None, time.time())
