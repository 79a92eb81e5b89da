"""Downloads: the content of a File to iterate, read as a whole, or save."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from attrs import evolve

from coredata_async.errors import ChecksumMismatchError, CoreDataError
from coredata_async.message import Reply, date_of
from coredata_async.operations import Operation
from coredata_async.storage.atomic import Target
from coredata_async.storage.disposition import Disposition, filename_from
from coredata_async.storage.filenames import safe_filename
from coredata_async.transfer.conditions import etag_of
from coredata_async.transfer.fetch import ContentChangedError, DownloadRequest, Fetcher, close_reply
from coredata_async.transfer.gunzip import is_compressed_on_the_way, is_gzip
from coredata_async.transfer.ranges import content_range_of
from coredata_async.transfer.resume import PartialDownload, Transfer, check_digest
from coredata_async.transfer.saving import Saving
from coredata_async.transfer.web_response import (
    WebResponse,
    describe_response,
    hold_back_last,
    open_conditionally,
)

T = TypeVar("T")

RESTARTS: Final = 3
"""Maximum number of times that a download begins again because the content changed."""


class Download:
    """The content of a File, to be used with `async with` and then once: iterated, read, or saved.

    Memory: one block. A broken connection is continued by Range. At the end the MD5 is compared, unless only
    a part was requested, or its value is unknown. Without an MD5 to compare, bytes of two responses are
    joined only if a strong ETag, or Last-Modified and length, are the same.
    """

    def __init__(self, fetcher: Fetcher, wanted: DownloadRequest) -> None:
        self._fetcher = fetcher
        self._wanted = wanted
        self._reply: Reply | None = None
        self._used = False
        self._web: WebResponse | None = None  # the result of the conditions of a web request
        self._expected: tuple[Reply, str | None] | None = None
        self._decompress: bool | None = None
        self._operation = fetcher.observe("download")
        self._received: Operation | None = None

    async def __aenter__(self) -> Self:
        self._received = self._operation.__enter__()
        try:
            await self._begin()
        except BaseException as exc:
            self._operation.__exit__(type(exc), exc, exc.__traceback__)
            raise
        return self

    async def _begin(self) -> None:
        if self._wanted.conditions is None:
            self._reply = await self._fetcher.open(self._wanted)
            return
        self._web = await open_conditionally(self._fetcher, self._wanted, self._wanted.conditions)
        self._reply = self._web.reply
        self._wanted = evolve(self._wanted, span=self._web.span, conditions=None)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._used = True
        try:
            if self._reply is not None:
                await close_reply(self._reply)
        finally:
            self._operation.__exit__(kind, exc, trace)

    @property
    def size(self) -> int | None:
        """Bytes of the whole File, if the storage states it; None if it sends them compressed."""
        return content_range_of(self._open_response()).total

    @property
    def content_type(self) -> str | None:
        """Content-Type, as stated by the storage."""
        return self._open_response().headers.get("Content-Type")

    @property
    def filename(self) -> str | None:
        """File name, as stated by the storage.

        It is not a path: it may contain `../`, or be absolute. `save_into` makes it safe.
        """
        return filename_from(self._open_response().headers.get("Content-Disposition", ""))

    @property
    def etag(self) -> str | None:
        """ETag of the content, in quotes, perhaps after `W/`; None if the storage states no valid one."""
        return etag_of(self._open_response())

    @property
    def last_modified(self) -> datetime | None:
        """Date of the content in UTC, in whole seconds; None if the storage does not state it."""
        return date_of(self._open_response().headers.get("Last-Modified", ""))

    @property
    def response_status(self) -> int:
        """Status for a web response with this content: 200, 206, 304 or 416."""
        return self._describe().status

    def response_headers(
        self, *, disposition: Disposition = "attachment", filename: str | None = None
    ) -> dict[str, str]:
        """Return the headers of a web response with this content. All are printable ASCII.

        They are Content-Type, Content-Disposition, Accept-Ranges, and, where they are known, Content-Length,
        ETag, Last-Modified and Content-Range. A 304 has the validators only, a 416 the size of the file.

        Args:
            disposition: `"inline"` lets browsers show the content. A File may hold HTML with scripts: serve
                such Files from a host of their own, or not inline.
            filename: Defaults to the name that the storage states.
        """
        return self._describe().headers(disposition, filename or self.filename)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in order; nothing if `response_status` is 304 or 416.

        The last block is yielded after the digest was compared. A web response that passes wrong bytes on
        therefore ends too early instead of looking complete.

        Raises:
            ChecksumMismatchError: Instead of the last block, if the bytes are not those that were stored.
            StorageError: If the connection broke and could not be continued, or the content changed.
        """
        async with aclosing(hold_back_last(self._content(self._take_response(), PartialDownload()))) as held:
            async for block in held:
                yield block

    async def read(self) -> bytes:
        """Return the content, which is held in memory as a whole; raises as iteration does."""

        async def read(reply: Reply) -> bytes:
            async with aclosing(self._content(reply, PartialDownload())) as content:
                return b"".join([block async for block in content])

        return await self._consistently(read)

    async def save(
        self, path: str | os.PathLike[str], *, resume: bool = False, overwrite: bool | None = None
    ) -> Path:
        """Save under a path, which never contains an incomplete or a wrong file.

        The bytes are written to a temporary file beside it, which is renamed when they are complete and
        correct. A replaced file passes its permissions to the new one. A symbolic link is replaced, not
        followed.

        Args:
            path: Path of the file. The directory must exist.
            resume: Keep the received bytes after a failure, and continue from there next time. Two downloads
                that resume the same file exclude each other.
            overwrite: Whether a file of that name may be replaced. By default, one that exists when the
                download starts may, and one that appears meanwhile may not, unless it has the same bytes.

        Raises:
            ChecksumMismatchError: If the bytes are not those that were stored; nothing was saved.
            StorageError: If the connection broke and could not be continued.
            TransferError: If the path is a directory, a device or a pipe, or another file exists there; or
                another task or process resumes the same download.
            OSError: If the disk fails, or the directory does not exist.
        """
        self._describe().check_savable()
        target = Target.examine(path, overwrite=overwrite)
        return await self._consistently(lambda reply: self._saving(reply, resume=resume).save(target))

    async def save_into(self, directory: str | os.PathLike[str], *, resume: bool = False) -> Path:
        """Save into a directory under the server's file name, made safe, and return the path.

        The directory is created if it does not exist. The file is always directly inside it, regardless of
        the server's name: see `storage.filenames`. Nothing is replaced. A name that another File has taken
        gets a number, as in `report (2).pdf`; names that differ only in case count as taken, because on some
        systems they are. If a file with exactly these bytes exists under the name, they are not transferred
        again.

        Sends one request more than `save` if the storage states no file name.

        Args:
            directory: Directory of the file.
            resume: As for `save`.

        Raises:
            ChecksumMismatchError: If the bytes are not those that were stored; nothing was saved.
            StorageError: If the connection broke and could not be continued.
            OSError: If the disk fails, or the directory cannot be created.
        """
        self._describe().check_savable()
        stated = self.filename or (await self._fetcher.describe(self._wanted)).filename
        name = safe_filename(stated, self._wanted.file_id)
        folder = Path(directory)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return await self._consistently(
            lambda reply: self._saving(reply, resume=resume).save_new(folder / name)
        )

    def _saving(self, reply: Reply, *, resume: bool) -> Saving:
        return Saving(
            fetcher=self._fetcher,
            wanted=self._wanted,
            reply=reply,
            content=self._content,
            digest=self._digest,
            decompress=self._decompress,
            resume=resume,
        )

    async def _content(self, reply: Reply, begun: PartialDownload) -> AsyncGenerator[bytes, None]:
        """Yield the bytes after those received already, and compare the digest of all."""
        if self._web is not None and self._web.length == 0:
            return
        expected = await self._digest(reply)
        transfer = Transfer(
            self._fetcher,
            self._wanted,
            reply,
            digest_decides=expected is not None,
            decompress=self._decompress,
        )
        note = " and came with a Content-Encoding of gzip" if is_gzip(reply) else ""
        had = begun.count
        try:
            await transfer.skip(begun.count)
            async with aclosing(check_digest(transfer.blocks(), expected, begun, note)) as content:
                async for block in content:
                    yield block
        finally:
            self._reply = transfer.reply
            if self._received is not None:
                self._received.size = (self._received.size or 0) + begun.count - had

    async def _digest(self, reply: Reply) -> str | None:
        """Return the expected MD5; it is requested once per response."""
        if self._expected is None or self._expected[0] is not reply:
            self._expected = reply, await self._fetcher.digest_of(self._wanted, reply)
        return self._expected[1]

    async def _consistently(self, use: Callable[[Reply], Awaitable[T]]) -> T:
        """Use the response, and begin again with another one if it cannot be continued.

        If the digest differs and the content is marked as gzip, the other interpretation of that mark is
        tried: the received bytes are the stored ones, or they were compressed on the way.
        """
        reply, restarts = self._take_response(), 0
        while True:
            try:
                return await use(reply)
            except ContentChangedError:
                restarts += 1
                if restarts > RESTARTS:
                    raise
            except ChecksumMismatchError:
                if not is_gzip(reply) or self._decompress is not None:
                    raise
                self._decompress = not is_compressed_on_the_way(reply)
            await close_reply(reply)
            reply = self._reply = await self._fetcher.open(self._wanted)

    def _describe(self) -> WebResponse:
        return self._web or describe_response(self._open_response(), self._wanted.span, decided=False)

    def _open_response(self) -> Reply:
        if self._reply is not None:
            return self._reply
        raise CoreDataError("open the download first: `async with client.files.download(id) as body:`")

    def _take_response(self) -> Reply:
        if self._used:
            raise CoreDataError("a download can be read once; open another one")
        reply, self._used = self._open_response(), True
        return reply
