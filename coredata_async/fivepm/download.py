"""The content of a file as the caller holds it: iterate it, read it whole, or save it under a name."""

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
    """What came: a stream, or bytes that were inside an answer."""

    content: Content | bytes = field(repr=False)
    size: int | None = None
    """Bytes, where the answer says so."""
    content_type: str | None = None
    filename: str | None = None


class Download:
    """The content of a file, to be used with `async with` and then once: iterated, read, or saved.

    Memory: one block, unless the service puts the bytes as base64 into an answer, or may have: an unnamed
    text, JSON or XML is held whole, if it was not asked for as `raw`. There is no digest to compare with; of
    a stream that announces its length, every byte must come.
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
        """Bytes, where the service says so."""
        return self._open_response().size

    @property
    def content_type(self) -> str | None:
        """As the service says."""
        return self._open_response().content_type

    @property
    def filename(self) -> str | None:
        """As the service says: what comes from a server is no path to write to without a look."""
        return self._open_response().filename

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes in order.

        Raises:
            APIConnectionError: The connection broke.
            StorageError: Fewer bytes came than were announced.
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
                f"{count} bytes came where {arrived.size} were announced; download it again",
                stage="get",
                sent=count,
                total=arrived.size,
            )

    async def read(self) -> bytes:
        """All of it in memory; raises as iteration does."""
        return b"".join([block async for block in self])

    async def save(self, path: str | os.PathLike[str], *, overwrite: bool | None = None) -> Path:
        """Save under a path, which never shows a half-written file.

        The bytes go to a temporary file beside it, which is renamed when they are complete. A download that
        breaks off starts from the beginning next time, because no way to ask for a part is documented.

        Args:
            path: Of the file. The directory must exist.
            overwrite: Whether a file of that name may be replaced. By default, one that exists when the
                download starts may, and one that appears meanwhile may not.

        Raises:
            APIConnectionError: If the connection broke.
            StorageError: If fewer bytes came than were announced.
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
            raise CoreDataError("a download can be read once; open another one")
        arrived, self._used = self._open_response(), True
        return arrived
