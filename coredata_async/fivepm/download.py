"""Content of a file for the caller: iterate it, read it whole, or save it under a name."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import field, frozen

from coredata_async.errors import CoreDataError, StorageError
from coredata_async.message import Content
from coredata_async.storage.atomic import Target, exists_error, new_part


@frozen
class DownloadResponse:
    """Content of a response: a stream, or bytes from an envelope."""

    content: Content | bytes = field(repr=False)
    size: int | None = None
    """Size in bytes, if the response states it."""
    content_type: str | None = None
    filename: str | None = None


class Download:
    """Content of a file, for use with `async with` and then once: iterated, read, or saved.

    Memory: one block, unless the service puts the bytes as base64 into an envelope, or may have done so: an
    unnamed text, JSON or XML is held whole, if it was not requested as `raw`. A digest is not available. If a
    stream announces its length, every byte must arrive.
    """

    def __init__(self, open: Callable[[], Awaitable[DownloadResponse]]) -> None:  # noqa: A002
        self._open = open
        self._arrived: DownloadResponse | None = None
        self._used = False

    async def __aenter__(self) -> Self:
        self._arrived = await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._used = True
        if self._arrived is not None and not isinstance(self._arrived.content, bytes):
            await self._arrived.content.aclose()

    @property
    def size(self) -> int | None:
        """Size in bytes, if the service states it."""
        return self._open_response().size

    @property
    def content_type(self) -> str | None:
        """Media type stated by the service."""
        return self._open_response().content_type

    @property
    def filename(self) -> str | None:
        """File name stated by the service. Check it before you use it as a path, because a server sent it."""
        return self._open_response().filename

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in order.

        Raises:
            APIConnectionError: If the connection broke.
            StorageError: If fewer bytes arrived than were announced.
        """
        arrived = self._take_response()
        if isinstance(arrived.content, bytes):
            if arrived.content:
                yield arrived.content
            return
        count = 0
        async for block in arrived.content:
            count += len(block)
            yield block
        if arrived.size is not None and count != arrived.size:
            raise StorageError(
                f"{count} of {arrived.size} announced bytes arrived; download it again",
                stage="get",
                sent=count,
                total=arrived.size,
            )

    async def read(self) -> bytes:
        """Read all of it into memory. Raises the errors of iteration."""
        return b"".join([block async for block in self])

    async def save(self, path: str | os.PathLike[str], *, overwrite: bool | None = None) -> Path:
        """Save under a path, which never shows an incomplete file.

        The bytes go to a temporary file beside it, which is renamed when they are complete. An interrupted
        download starts from the beginning next time, because a way to request a part is not documented.

        Args:
            path: Path of the file. The directory must exist.
            overwrite: True to replace an existing file, False to refuse. By default, a file that exists when
                the download starts is replaced, and one that appears meanwhile is not.

        Raises:
            APIConnectionError: If the connection broke.
            StorageError: If fewer bytes arrived than were announced.
            TransferError: If the path is a directory, a device or a pipe, or another file is there.
            OSError: If the disk fails, or the directory does not exist.
        """
        self._open_response()
        target = Target.examine(path, overwrite=overwrite)
        with new_part(target) as part:
            await part.write(self.__aiter__())
            try:
                part.publish(target)
            except FileExistsError:
                raise exists_error(target.path) from None
        return target.path

    def _open_response(self) -> DownloadResponse:
        if self._arrived is None:
            raise CoreDataError("open the download first: `async with pm.activity.download(id) as body:`")
        return self._arrived

    def _take_response(self) -> DownloadResponse:
        if self._used:
            raise CoreDataError("a download can be read only once; open another one")
        arrived, self._used = self._open_response(), True
        return arrived
