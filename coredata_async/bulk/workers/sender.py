"""Interface between a file worker, which decides and records, and the sender of a file's bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from coredata_async.services.steps import UploadSteps
from coredata_async.transfer.replace import Replacement, Replacer
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.transfer.uploads import Upload, Uploader
from coredata_async.wire.files import NewFile

OnReserved = Callable[[str, datetime | None], None]
"""Called with the name of each reserved blob and the server's time of the reservation, before the PUT."""


class WorkerLostError(Exception):
    """The process that handled a file has ended; the registration of the file did not take place in it."""


class FileSender(Protocol):
    """Steps of an upload, as in `client.files.steps`, in any process. All raise the same errors."""

    async def store(
        self, source: str, *, filename: str, content_type: str, size: int, on_reserved: OnReserved
    ) -> Stored:
        """Reserve a blob and PUT a file. See `UploadSteps.store`.

        Raises:
            SourceError: If the file cannot be read, or has changed.
            TransferError: If the storage refused the file, or the connection broke.
            APIError: If the service refused the request, or was not reached.
            WorkerLostError: If several processes ended during this.
        """
        ...

    async def register(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Send one request to create a File. The intent must be on disk before. See `UploadSteps.register`.

        If the process ends meanwhile, the result is `Unsettled`.
        """
        ...

    async def replace(
        self, source: str, *, filename: str, content_type: str, file_id: str, snapshot_id: str | None
    ) -> str:
        """Replace the content of a File, and return the MD5 of the sent bytes. See `Files.replace`.

        Raises:
            WorkerLostError: If the process ended; it is unknown whether the File has the new content.
        """
        ...


class LocalSender(UploadSteps):
    """File sender of this process: the steps of `client.files.steps`, and replacements."""

    def __init__(self, uploader: Uploader) -> None:
        # The job itself logs a lost registration, in its own process and with the path of the file.
        super().__init__(uploader, on_unsettled=lambda _state, _new: None)
        self._replacer = Replacer(uploader)

    async def replace(
        self, source: str, *, filename: str, content_type: str, file_id: str, snapshot_id: str | None
    ) -> str:
        """Replace the content of a File. See `FileSender.replace`."""
        content = Upload(source=source, filename=filename, content_type=content_type)
        replacement = Replacement(file_id=file_id, content=content, snapshot_id=snapshot_id, via="storage")
        return (await self._replacer.replace(replacement)).digest
