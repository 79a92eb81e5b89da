"""A download as the caller holds it: iterate it, read it whole, or save it under a name."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from coredata_async.errors import ChecksumMismatchError, CoreDataError
from coredata_async.message import Reply
from coredata_async.storage.bodies import md5
from coredata_async.storage.disposition import disposed
from coredata_async.storage.streams import writing
from coredata_async.transfer.fetch import Fetcher, Wanted
from coredata_async.transfer.ranges import arrival
from coredata_async.transfer.resume import Begun, blocks, checked, closed


class Download:
    """The content of a File, to be used with `async with` and then once: iterated, read, or saved.

    Memory: one block. A connection that breaks is taken up again where it broke. At the end the MD5 is
    compared, unless only a part was asked for, or nobody says what it should be.
    """

    def __init__(self, fetcher: Fetcher, wanted: Wanted) -> None:
        self._fetcher = fetcher
        self._wanted = wanted
        self._reply: Reply | None = None
        self._used = False

    async def __aenter__(self) -> Self:
        self._reply = await self._fetcher.open(self._wanted)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._used = True
        if self._reply is not None:
            await closed(self._reply)

    @property
    def size(self) -> int | None:
        """Bytes of the whole File, where the storage says so."""
        return arrival(self._opened()).total

    @property
    def content_type(self) -> str | None:
        """As the storage says."""
        return self._opened().headers.get("Content-Type")

    @property
    def filename(self) -> str | None:
        """As the storage says: what comes from a server is no path to write to without a look."""
        return disposed(self._opened().headers.get("Content-Disposition", ""))

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes in order.

        Raises:
            ChecksumMismatchError: After the last block: what came is not what was stored.
            StorageError: The connection broke, and could not be taken up again.
        """
        async with aclosing(self._content(self._taken(), Begun())) as content:
            async for block in content:
                yield block

    async def read(self) -> bytes:
        """All of it in memory; raises as iteration does."""
        return b"".join([block async for block in self])

    async def save(self, path: str | os.PathLike[str], *, resume: bool = False) -> Path:
        """Save under a name, which never shows a half-written or a wrong file.

        The bytes go to a temporary file beside it, which is renamed when they are complete and right.

        Args:
            path: Where to; an existing file is replaced at the end.
            resume: Keep what has come when it fails, and go on from there next time.

        Raises:
            ChecksumMismatchError: What came is not what was stored; nothing was saved.
            StorageError: The connection broke, and could not be taken up again.
        """
        target = Path(path)
        part = self._part(target) if resume else _named(target, secrets.token_hex(4))
        keep = resume
        async with self._fetcher.open_files:
            try:
                await self._write(part, await _begun(part) if resume else Begun())
                part.replace(target)
            except ChecksumMismatchError:
                keep = False
                raise
            finally:
                if not keep:
                    part.unlink(missing_ok=True)  # here, so that no cancellation comes in between
        return target

    def _part(self, target: Path) -> Path:
        """Where to keep what has come: another name for another range, or content, or target."""
        span = self._wanted.span
        what = (self._wanted.file_id, span.offset, span.length, arrival(self._opened()).etag, target.name)
        return _named(target, md5(repr(what).encode())[:16])

    async def _write(self, part: Path, begun: Begun) -> None:
        reply = self._taken()
        if begun.count > (arrival(reply).total or begun.count):
            begun = Begun()  # it is of another content
        if begun.count and begun.count != arrival(reply).total:
            await closed(reply)
            reply = self._reply = await self._fetcher.open(self._wanted, begun.count)
        with part.open("ab" if begun.count else "wb") as raw:
            async with writing(raw) as file, aclosing(self._content(reply, begun)) as content:
                async for block in content:
                    await file.write(block)
                await file.flush()
                await asyncio.to_thread(os.fsync, raw.fileno())  # a crash after the rename finds it whole

    async def _content(self, reply: Reply, begun: Begun) -> AsyncGenerator[bytes, None]:
        expected = await self._fetcher.digest_of(self._wanted, reply)
        rest = blocks(self._fetcher, self._wanted, reply, begun.count)
        async with aclosing(checked(rest, expected, begun)) as content:
            async for block in content:
                yield block

    def _opened(self) -> Reply:
        if self._reply is None:
            raise CoreDataError("open the download first: `async with client.files.download(id) as body:`")
        return self._reply

    def _taken(self) -> Reply:
        if self._used:
            raise CoreDataError("a download can be read once; open another one")
        reply, self._used = self._opened(), True
        return reply


def _named(target: Path, token: str) -> Path:
    return target.with_name(f".{target.name[:50]}.{token}.part")  # a long name leaves no room for more


async def _begun(part: Path) -> Begun:
    """What an earlier attempt has left."""

    def hashed() -> Begun:
        if not part.exists():
            return Begun()
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
            return Begun(digest, file.tell())

    return await asyncio.to_thread(hashed)
