"""The content of a file as the caller holds it: iterate it, read it whole, or save it under a name."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import field, frozen

from coredata_async.errors import CoreDataError, StorageError
from coredata_async.message import Content
from coredata_async.storage.streams import writing


@frozen
class Arrived:
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

    def __init__(self, open: Callable[[], Awaitable[Arrived]]) -> None:  # noqa: A002
        self._open = open
        self._arrived: Arrived | None = None
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
        return self._opened().size

    @property
    def content_type(self) -> str | None:
        """As the service says."""
        return self._opened().content_type

    @property
    def filename(self) -> str | None:
        """As the service says: what comes from a server is no path to write to without a look."""
        return self._opened().filename

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes in order.

        Raises:
            APIConnectionError: The connection broke.
            StorageError: Fewer bytes came than were announced.
        """
        arrived = self._taken()
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

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Save under a name, which never shows a half-written file.

        The bytes go to a temporary file beside it, which is renamed when they are complete. What breaks off
        begins anew next time: no way to ask for a part is documented.

        Args:
            path: Where to; an existing file is replaced at the end.
        """
        target = Path(path)
        part = target.with_name(f".{target.name[:50]}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as raw:
                async with writing(raw) as file, aclosing(self.__aiter__()) as blocks:
                    async for block in blocks:
                        await file.write(block)
                    await file.flush()
                    await asyncio.to_thread(os.fsync, raw.fileno())  # a crash after the rename finds it whole
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)  # microseconds, and it must happen even when cancelled
        return target

    def _opened(self) -> Arrived:
        if self._arrived is None:
            raise CoreDataError("open the download first: `async with pm.activity.download(id) as body:`")
        return self._arrived

    def _taken(self) -> Arrived:
        if self._used:
            raise CoreDataError("a download can be read once; open another one")
        arrived, self._used = self._opened(), True
        return arrived
