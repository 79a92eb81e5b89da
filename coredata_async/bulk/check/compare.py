"""Comparison of a local file with the Files of its name: by size and digest, or by its bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final, Literal, Self

from attrs import evolve, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.claims import PlannedFile, RemoteFile
from coredata_async.bulk.journal.items import Item, path_of
from coredata_async.bulk.remote.existing import digest_of
from coredata_async.bulk.states import State
from coredata_async.client import CoreData
from coredata_async.errors import (
    APIError,
    AuthenticationError,
    NotFoundError,
    SourceError,
    StorageError,
)
from coredata_async.storage.paths import unreadable

Symbol = Literal["=", "-", "+", "*", "!"]


@frozen(kw_only=True)
class Compared:
    """Result of comparing a local file with the server."""

    symbol: Symbol
    """`=` the same, `-` only on the server, `+` only local, `*` different, `!` could not be compared."""
    path: str
    """Path below the parent, with the names of the server."""
    size: int | None = None
    """Size in bytes of the local file, or else of the File."""
    local: str = ""
    """Path of the local file."""
    file: str = ""
    """Id of the File."""
    message: str = ""
    """Difference or fault."""
    duplicates: tuple[str, ...] = ()
    """Further Files of this name with the same content.

    If `local` is empty, this entry itself is the duplicate: a File with this path and size, or a whole
    folder, that exists again in a second folder of the same name.
    """


@frozen
class _Side:
    """A File, and whether it equals the local file."""

    remote: RemoteFile
    same: bool | None
    """`None` if it is unknown."""


@frozen
class FileComparer:
    """Comparer of files; it reads Files from the server only for a sample."""

    client: CoreData
    sample: Sample | None = None

    async def compare(self, line: PlannedFile, prefix: str) -> list[Compared]:
        """Return the result of a file, followed by the Files of its name that are not the same.

        Args:
            line: The file.
            prefix: The path of its folder, with a final slash.

        Raises:
            AuthenticationError: If the key is refused.
        """
        item = line.item
        name = item.filename or path_text(os.path.basename(line.name))  # noqa: PTH119  # bytes
        one = partial(
            Compared, path=f"{prefix}{name}", local=path_text(item.path), size=item.fingerprint.size
        )
        if item.state == State.FAILED:
            return [one(symbol="!", message=line.message)]
        try:
            sides = await self._sides(item, line.namesakes)
            if not sides:
                return [one(symbol="+")]
            first = await self._read(item, _first(sides, one))
        except AuthenticationError:
            raise
        except (SourceError, APIError, StorageError) as exc:
            return [one(symbol="!", message=str(exc))]
        rest = (side for side in sides if side.remote.file not in {first.file, *first.duplicates})
        return [first, *(_further(side, one) for side in rest)]

    async def _sides(self, item: Item, namesakes: Sequence[RemoteFile]) -> list[_Side]:
        current = [await self._with_details(namesake, item.fingerprint.size) for namesake in namesakes]
        existing = [file for file in current if file is not None]
        md5 = ""
        if any(file.size in {None, item.fingerprint.size} for file in existing):
            md5 = await digest_of(item.path, item.fingerprint)
        return [_Side(file, _same(file, item.fingerprint.size, md5)) for file in existing]

    async def _with_details(self, namesake: RemoteFile, size: int) -> RemoteFile | None:
        """Return the File with its details, if the listing omitted them; `None` if it no longer exists."""
        if namesake.size is not None and (namesake.digest or namesake.size != size):
            return namesake
        try:
            file = await self.client.files.get(namesake.file)
        except NotFoundError:
            return None
        return evolve(namesake, size=file.size, digest=(file.digest or "").lower() or None)

    async def _read(self, item: Item, result: Compared) -> Compared:
        """Compare byte by byte a file that seems to be the same, if it is in the sample."""
        if result.symbol != "=" or self.sample is None or not self.sample.takes(result.path):
            return result
        message = await self._difference(item, result.file)
        return evolve(result, symbol="*", message=message) if message else result

    async def _difference(self, item: Item, file: str) -> str:
        local = await asyncio.to_thread(_Local, path_of(item))
        try:
            async with (
                self.client.files.download(file, verify=False) as content,
                aclosing(aiter(content)) as blocks,
            ):
                return await _compare_bytes(local, blocks)
        finally:
            local.close()


class _Local:
    """Local file, read block by block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as exc:
            raise unreadable(path, exc) from None

    def read(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except OSError as exc:
            raise unreadable(self._path, exc) from None

    def close(self) -> None:
        self._file.close()


async def _compare_bytes(local: _Local, blocks: AsyncIterator[bytes]) -> str:
    count = 0
    async for block in blocks:
        local_block = await asyncio.to_thread(local.read, len(block))
        if local_block != block:
            return (
                f"the bytes in the storage differ from byte {count + _common_length(local_block, block)} on"
            )
        count += len(block)
    more = await asyncio.to_thread(local.read, 1)
    return f"the storage has only its first {count} bytes" if more else ""


def _common_length(local: bytes, remote: bytes) -> int:
    pairs = enumerate(zip(local, remote, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(local), len(remote)))


def _same(namesake: RemoteFile, size: int, md5: str) -> bool | None:
    """Return whether a File equals the local file; `None` if it is unknown."""
    if namesake.size is not None and namesake.size != size:
        return False
    if namesake.digest:
        return namesake.digest == md5
    return True if namesake.size == size == 0 else None


def _first(sides: Sequence[_Side], one: partial[Compared]) -> Compared:
    """Return the result with the best File: the same, otherwise one that may be, otherwise the newest."""
    same = sorted((side.remote.created, side.remote.file) for side in sides if side.same)
    if same:
        (_, oldest), *more = same
        duplicates = tuple(file for _, file in more)
        message = f"also as {', '.join(duplicates)}" if duplicates else ""
        return one(symbol="=", file=oldest, duplicates=duplicates, message=message)
    side = next((side for side in sides if side.same is None), sides[0])
    return _differing(side, one(symbol="*", file=side.remote.file))


def _differing(side: _Side, result: Compared) -> Compared:
    if side.same is None:
        return evolve(
            result, symbol="!", message=f"the server does not report the digest of File {result.file}"
        )
    remote_size = side.remote.size
    message = "other content" if remote_size in {None, result.size} else f"{remote_size} bytes on the server"
    return evolve(result, message=message)


def _further(side: _Side, one: partial[Compared]) -> Compared:
    """Return the result of a further File of this name."""
    if side.same is None:
        return _differing(side, one(symbol="!", file=side.remote.file))
    return one(
        symbol="-",
        file=side.remote.file,
        local="",
        size=side.remote.size,
        message="another File of this name",
    )


_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%", re.ASCII)
_PART: Final = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)


@frozen
class Sample:
    """Share of all files: those whose path has a hash between two fractions of the maximum."""

    begin: Fraction
    end: Fraction

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse `5%`, or `2/7`: the second of seven parts that together are all files.

        Raises:
            ValueError: If it has neither form.
        """
        if (match := _PERCENT.fullmatch(text)) and Fraction(match[1]) <= 100:  # noqa: PLR2004
            return cls(Fraction(0), Fraction(match[1]) / 100)
        if (match := _PART.fullmatch(text)) and 1 <= int(match[1]) <= int(match[2]):
            part, parts = int(match[1]), int(match[2])
            return cls(Fraction(part - 1, parts), Fraction(part, parts))
        raise ValueError(f"{text!r} is not a sample: write it as 5%, or 2/7 for the second of seven parts")

    def takes(self, path: str) -> bool:
        """Return whether the sample contains a file."""
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        return self.begin <= Fraction(int.from_bytes(digest[:8]), 1 << 64) < self.end


ALL: Final = Sample(Fraction(0), Fraction(1))
