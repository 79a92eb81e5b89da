"""The port between a worker, which decides and writes down, and what moves a file's bytes."""

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
"""Told the name of each blob that is reserved, and when by the server's clock: before bytes go there."""


@frozen
class FileToSend:
    """A file that is to be sent."""

    path: bytes
    filename: str
    size: int
    """Bytes it must have."""
    content_type: str


class WorkerLostError(Exception):
    """The process that had a file in hand has died; nothing was registered by this."""


class FileSender(Protocol):
    """Reads, hashes, sends and registers. Raises what the engine raises, wherever the work is done."""

    async def store(self, parcel: FileToSend, reserved: OnReserved) -> Stored:
        """Reserve and PUT: two exchanges. Repeating it is safe: it makes another blob.

        Raises:
            SourceError: The file cannot be read, or has changed.
            TransferError: The storage refused, or broke off.
            APIError: The service refused, or was not reached.
            LostHandsError: Process after process died of it.
        """
        ...

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Send for a File to be made, one time: the intent must be on disk by now.

        A process that dies meanwhile leaves it Unsettled. See `Driver.register_once`.
        """
        ...

    async def replace(self, parcel: FileToSend, file_id: str, snapshot: str | None) -> str:
        """Give a File new content, and give the MD5 of what was sent. See `Replacer.replace`.

        Raises:
            LostHandsError: A process died of it; whether the File has the new content is not known.
        """
        ...


@frozen
class LocalSender:
    """The hands of this process: the engine itself."""

    uploader: Uploader

    async def store(self, parcel: FileToSend, reserved: OnReserved) -> Stored:
        """See `FileSender.store`."""

        async def stage(state: State) -> None:
            if isinstance(state, Reserved):
                reserved(state.blob, state.since)

        async with self.uploader.open_source(_upload(parcel), None) as (source, _):
            if source.size != parcel.size:
                path = os.fsdecode(parcel.path)
                raise SourceChangedError(
                    f"{path} changed before it was read", stage="source", total=source.size
                )
            plan = Planned(size=source.size, content_type=parcel.content_type, filename=parcel.filename)
            return await self.uploader.driver.store(plan, source, stage)

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """See `FileSender.register_once`."""
        return await self.uploader.driver.register_once(stored, new, again=again)

    async def replace(self, parcel: FileToSend, file_id: str, snapshot: str | None) -> str:
        """See `FileSender.replace`."""
        wanted = Replacement(file_id=file_id, content=_upload(parcel), snapshot_id=snapshot, via="storage")
        return (await Replacer(self.uploader).replace(wanted)).digest


def _upload(parcel: FileToSend) -> Upload:
    path = os.fsdecode(parcel.path)
    return Upload(source=path, filename=parcel.filename, content_type=parcel.content_type)
