"""Download of a File's bytes in order, each once, continued by Range if a connection breaks."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from http import HTTPStatus
from io import BufferedRandom

from attrs import define, field

from coredata_async.errors import APIConnectionError, ChecksumMismatchError, StorageError
from coredata_async.message import Reply
from coredata_async.storage.atomic import Part, Target, new_part, open_kept_part
from coredata_async.storage.bodies import Digest, new_md5
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.fetch import ContentChangedError, DownloadRequest, Fetcher, close_reply
from coredata_async.transfer.gunzip import Gunzip, is_compressed_on_the_way, is_gzip
from coredata_async.transfer.ranges import ContentRange, content_coding, content_range_of, is_same_content

log = logging.getLogger("coredata_async.download")


@define
class Transfer:
    """One pass over the requested bytes of a File, through any number of responses."""

    fetcher: Fetcher
    wanted: DownloadRequest
    reply: Reply
    done: int = 0
    """Number of requested bytes received."""
    digest_decides: bool = False
    """True if the digest of the whole is compared at the end."""
    decompress: bool | None = None
    """True to undo a gzip Content-Encoding, False not to; None decides by the headers of each response."""
    start: ContentRange = field(init=False)
    _partial: bool = field(default=False, init=False)
    """True if the last response ended as announced, before the end of the requested bytes."""

    def __attrs_post_init__(self) -> None:
        self.start = content_range_of(self.reply)

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Yield the requested bytes after the first `done`.

        A broken connection is continued by Range. It may break any number of times, but not `Retry.attempts`
        times in a row without a byte of progress.

        Raises:
            StorageError: If it breaks too often, or a response contains other bytes than it announced.
            ContentChangedError: If the content changed meanwhile, or may have.
        """
        failures = 0
        while not (self.done and self._has_all()):
            had, self._partial = self.done, False
            try:
                async with aclosing(self._part()) as part:
                    async for block in part:
                        self.done += len(block)
                        yield block
                if self._is_complete():
                    return
                reason = "the response ended too early"
            except APIConnectionError as exc:
                reason = str(exc)
            failures = 1 if self.done > had else failures + 1
            if not self._partial:
                await self._wait(failures, reason)
            await self.reopen()

    async def skip(self, count: int) -> None:
        """Continue after the first `count` requested bytes, which an earlier attempt received.

        Raises:
            ContentChangedError: If the content changed since the response was opened, or may have.
        """
        self.done = count
        if (
            not count or self._is_compressed()
        ):  # compressed content has no ranges: its first bytes are read and skipped
            return
        await close_reply(self.reply)
        if not self._has_all():
            await self.reopen()

    async def reopen(self) -> None:
        """Request the remaining bytes.

        Raises:
            ContentChangedError: If the content changed meanwhile, or may have.
        """
        ranged = 0 if self._is_compressed() else self.done  # a range would select compressed bytes
        self.reply = await self.fetcher.open(self.wanted, ranged, since=self.start)
        if self._is_end() and self.start.total in {None, content_range_of(self.reply).total}:
            return
        if not is_same_content(self.start, content_range_of(self.reply), digest_decides=self.digest_decides):
            await close_reply(self.reply)
            raise ContentChangedError(
                f"the content of File {self.wanted.file_id} changed while it was downloaded, or nothing in "
                "the responses (a strong ETag, or Last-Modified and length) proves that it did not; "
                "start again",
                stage="get",
                sent=self.done,
                total=self.start.total,
            )

    async def _wait(self, failures: int, reason: str) -> None:
        wait = self.fetcher.policy.wait(failures, jitter=self.fetcher.jitter())
        if wait is None:
            raise StorageError(
                f"the download of File {self.wanted.file_id} broke off after {self.done} bytes: {reason}",
                stage="get",
                sent=self.done,
                total=self.start.total,
            )
        log.info(
            "the download of File %s broke off after %d bytes and is continued in %.2f s: %s",
            self.wanted.file_id,
            self.done,
            wait,
            reason,
        )
        await self.fetcher.sleep(wait)

    def _is_compressed(self) -> bool:
        if self.decompress is None:
            return is_compressed_on_the_way(self.reply)
        return self.decompress and is_gzip(self.reply)

    def _is_end(self) -> bool:
        return self.reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    async def _part(self) -> AsyncGenerator[bytes, None]:
        """Yield the response's part of the requested bytes after the first `done`."""
        if self._is_end():
            return
        span, done = self.wanted.span, self.done
        skip = span.offset + done - content_range_of(self.reply).first
        left = None if span.length is None else span.length - done
        async with aclosing(self._content()) as content:
            async for block in content:
                fresh = block[skip:] if skip else block
                skip = max(0, skip - len(block))
                if left is not None:
                    fresh = fresh[:left]
                    left -= len(fresh)
                if fresh:
                    yield fresh
                if left == 0:
                    return

    async def _content(self) -> AsyncGenerator[bytes, None]:
        """Yield all bytes of the response, decompressed if necessary, and release it."""
        reply = self.reply
        if reply.content is None:
            raise StorageError("the response has no content", stage="get")
        try:
            if self._is_compressed():
                async with aclosing(_decompress(reply)) as blocks:
                    async for block in blocks:
                        yield block
                return
            self._check_coding()
            held, count = content_range_of(reply), 0
            async for block in reply.content:
                count += len(block)
                if held.stop is not None and count > held.stop - held.first:
                    raise StorageError(
                        f"the response has more than the {held.stop - held.first} bytes it announced",
                        stage="get",
                    )
                yield block
            self._partial = held.stop is not None and count == held.stop - held.first > 0
        finally:
            await close_reply(reply)

    def _check_coding(self) -> None:
        """Reject encoded bytes without a proof that they are the stored ones."""
        coding = content_coding(self.reply.headers)
        if coding and not self.digest_decides and etag_md5(self.reply.headers) is None:
            shown = self.reply.header_line("Content-Encoding")
            raise StorageError(
                f"the bytes of File {self.wanted.file_id} came with Content-Encoding {shown}, although "
                "the stored bytes were requested, and without a digest to compare; look for a proxy "
                "that compresses responses",
                stage="get",
                status=self.reply.status,
            )

    def _is_complete(self) -> bool:
        """Return whether all bytes are there after a response.

        A length that no response announced is not checked.
        """
        if self._has_all() or self._is_end():
            return True
        if self.start.total is not None or self.wanted.span.length is not None:
            return False
        return not (self._partial and self.reply.status == HTTPStatus.PARTIAL_CONTENT)

    def _has_all(self) -> bool:
        """Return whether all requested bytes, or all bytes of the file, were received."""
        span, total = self.wanted.span, self.start.total
        if span.length is not None and self.done >= span.length:
            return True
        return total is not None and self.done >= total - span.offset


async def _decompress(reply: Reply) -> AsyncGenerator[bytes, None]:
    if reply.content is None:
        return
    gunzip = Gunzip()
    try:
        async for block in reply.content:
            for piece in gunzip.feed(block):
                yield piece
        for piece in gunzip.finish():
            yield piece
    except ValueError as exc:
        reason = str(exc)
    else:
        return
    raise StorageError(
        f"the content came compressed, although the stored bytes were requested: {reason}", stage="get"
    )


@define
class PartialDownload:
    """Bytes received by an earlier attempt: their number, and the digest so far."""

    digest: Digest = field(factory=new_md5)
    count: int = 0


def read_partial(file: BufferedRandom, total: int | None) -> PartialDownload:
    """Read the bytes that an earlier attempt left in a file. The file is emptied if it is too long."""
    digest = hashlib.file_digest(file, new_md5)
    if total is not None and file.tell() > total:
        file.seek(0)
        file.truncate()
        return PartialDownload()
    return PartialDownload(digest, file.tell())


def open_part(
    wanted: DownloadRequest, proof: str | None, target: Target, *, decompress: bool | None
) -> AbstractContextManager[Part]:
    """Return a temporary file, named after content, range and target if `proof` identifies the content.

    Without a proof, kept bytes could not be continued, so nothing is kept.
    """
    if proof is None:
        return new_part(target)
    span = wanted.span
    what = (wanted.file_id, span.offset, span.length, proof, decompress, target.path.name)
    key = new_md5(repr(what).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return open_kept_part(target, key, spoiled_by=(ChecksumMismatchError, ContentChangedError))


async def check_digest(
    source: AsyncGenerator[bytes, None], expected: str | None, begun: PartialDownload, note: str = ""
) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes, and raise at the end if their digest is wrong.

    Raises:
        ChecksumMismatchError: If their MD5 is not the expected one; `note` is added to the message.
    """
    async with aclosing(source):
        async for block in source:
            begun.digest.update(block)  # a received block is small: 0.3 ms at most
            begun.count += len(block)
            yield block
    actual = begun.digest.hexdigest()
    if expected is not None and actual != expected:
        raise ChecksumMismatchError(
            f"the received bytes are not those that were stored (MD5 {actual}, not {expected}){note}; "
            "download it again",
            stage="get",
            expected=expected,
            actual=actual,
            sent=begun.count,
        )
