"""Interface between a file worker, which decides and records, and the sender of a file's bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from attrs import frozen

from coredata_async.errors import SourceChangedError
from coredata_async.transfer.drive import State
from coredata_async.transfer.replace import Replacement, Replacer
from coredata_async.transfer.steps import Planned, Registered, Reserved, Stored, Unsettled
from coredata_async.transfer.uploads import Upload, Uploader
from coredata_async.wire.files import NewFile

OnReserved = Callable[[str, datetime | None], None]
"""Called with the name of each reserved blob and the server's time of the reservation, before the PUT."""


@frozen
class FileToSend:
    """File to send."""

    path: bytes
    filename: str
    size: int
    """Expected size in bytes."""
    content_type: str


class WorkerLostError(Exception):
    """The process that handled a file has ended; the registration of the file did not take place in it."""


class FileSender(Protocol):
    """Reads, hashes, sends and registers a file. Raises the same errors as the engine, in any process."""

    async def store(self, file: FileToSend, reserved: OnReserved) -> Stored:
        """Reserve a blob and PUT the file. Sends two requests; safe to repeat, which creates another blob.

        Raises:
            SourceError: If the file cannot be read, or has changed.
            TransferError: If the storage refused the file, or the connection broke.
            APIError: If the service refused the request, or was not reached.
            WorkerLostError: If several processes ended during this.
        """
        ...

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Send one request to create a File. The intent must be on disk before.

        If the process ends meanwhile, the result is Unsettled. See `Driver.register_once`.
        """
        ...

    async def replace(self, file: FileToSend, file_id: str, snapshot: str | None) -> str:
        """Replace the content of a File, and return the MD5 of the sent bytes. See `Replacer.replace`.

        Raises:
            WorkerLostError: If the process ended; it is unknown whether the File has the new content.
        """
        ...


@frozen
class LocalSender:
    """File sender of this process: the engine itself."""

    uploader: Uploader

    async def store(self, file: FileToSend, reserved: OnReserved) -> Stored:
        """Store a file. See `FileSender.store`."""

        async def stage(state: State) -> None:
            if isinstance(state, Reserved):
                reserved(state.blob, state.since)

        async with self.uploader.open_source(_upload(file), None) as (source, _):
            if source.size != file.size:
                path = os.fsdecode(file.path)
                raise SourceChangedError(
                    f"{path} changed before it was read", stage="source", total=source.size
                )
            plan = Planned(size=source.size, content_type=file.content_type, filename=file.filename)
            return await self.uploader.driver.store(plan, source, stage)

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Register a file. See `FileSender.register_once`."""
        return await self.uploader.driver.register_once(stored, new, again=again)

    async def replace(self, file: FileToSend, file_id: str, snapshot: str | None) -> str:
        """Replace the content of a File. See `FileSender.replace`."""
        replacement = Replacement(file_id=file_id, content=_upload(file), snapshot_id=snapshot, via="storage")
        return (await Replacer(self.uploader).replace(replacement)).digest


def _upload(file: FileToSend) -> Upload:
    path = os.fsdecode(file.path)
    return Upload(source=path, filename=file.filename, content_type=file.content_type)
