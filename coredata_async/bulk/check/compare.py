"""One file on disk compared with the Files of its name: by size and digest, and by its bytes if wanted."""

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

from coredata_async.bulk.check.planned_files import PlannedFile
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.items import Item, path_of
from coredata_async.bulk.journal.work import RemoteFile
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
    """How a file here stands to one there."""

    symbol: Symbol
    """`=` the same, `-` only on the server, `+` only here, `*` different, `!` could not be compared."""
    path: str
    """Below the parent, as the server calls it."""
    size: int | None = None
    """Bytes: of the file here, or else there."""
    local: str = ""
    """Where the file is here."""
    file: str = ""
    """Id of the File."""
    message: str = ""
    """What is different, or wrong."""
    duplicates: tuple[str, ...] = ()
    """Further Files of this name with the very same content.

    If `local` is empty, this entry itself is the duplicate: a File with this path and size, or a whole
    folder, that is there again in a second folder of the same name.
    """


@frozen
class _Side:
    """A File, and whether it is the same as the file."""

    remote: RemoteFile
    same: bool | None
    """`None` if nobody can say."""


@frozen
class FileComparer:
    """Compares; what is on the server is read only if a sample says so."""

    client: CoreData
    sample: Sample | None = None

    async def compare(self, line: PlannedFile, prefix: str) -> list[Compared]:
        """The file, and after it the Files of its name that are not the same.

        Args:
            line: The file.
            prefix: The path of its folder, with a final slash.

        Raises:
            AuthenticationError: The key is no good any more.
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
        rest = (each for each in sides if each.remote.file not in {first.file, *first.duplicates})
        return [first, *(_further(each, one) for each in rest)]

    async def _sides(self, item: Item, namesakes: Sequence[RemoteFile]) -> list[_Side]:
        now = [await self._with_details(each, item.fingerprint.size) for each in namesakes]
        there = [each for each in now if each is not None]
        md5 = ""
        if any(each.size in {None, item.fingerprint.size} for each in there):
            md5 = await digest_of(item.path, item.fingerprint)
        return [_Side(each, _same(each, item.fingerprint.size, md5)) for each in there]

    async def _with_details(self, namesake: RemoteFile, size: int) -> RemoteFile | None:
        """The File with its details, if a list left out what counts; `None` if it has gone."""
        if namesake.size is not None and (namesake.digest or namesake.size != size):
            return namesake
        try:
            file = await self.client.files.get(namesake.file)
        except NotFoundError:
            return None
        return evolve(namesake, size=file.size, digest=(file.digest or "").lower() or None)

    async def _read(self, item: Item, found: Compared) -> Compared:
        """Compare byte by byte what seems to be the same, if it is in the sample."""
        if found.symbol != "=" or self.sample is None or not self.sample.takes(found.path):
            return found
        words = await self._difference(item, found.file)
        return evolve(found, symbol="*", message=words) if words else found

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
    """The file here, read block by block."""

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
        here = await asyncio.to_thread(local.read, len(block))
        if here != block:
            return f"the bytes in the storage are others, from byte {count + _alike(here, block)} on"
        count += len(block)
    more = await asyncio.to_thread(local.read, 1)
    return f"the storage has only its first {count} bytes" if more else ""


def _alike(here: bytes, there: bytes) -> int:
    pairs = enumerate(zip(here, there, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(here), len(there)))


def _same(namesake: RemoteFile, size: int, md5: str) -> bool | None:
    """Return whether a File is the same; `None` if nobody can say."""
    if namesake.size is not None and namesake.size != size:
        return False
    if namesake.digest:
        return namesake.digest == md5
    return True if namesake.size == size == 0 else None


def _first(sides: Sequence[_Side], one: partial[Compared]) -> Compared:
    """The file with the File that it stands to best: the same, else one that may be, else the newest."""
    same = sorted((each.remote.created, each.remote.file) for each in sides if each.same)
    if same:
        (_, oldest), *more = same
        duplicates = tuple(file for _, file in more)
        words = f"also as {', '.join(duplicates)}" if duplicates else ""
        return one(symbol="=", file=oldest, duplicates=duplicates, message=words)
    side = next((each for each in sides if each.same is None), sides[0])
    return _differing(side, one(symbol="*", file=side.remote.file))


def _differing(side: _Side, found: Compared) -> Compared:
    if side.same is None:
        return evolve(found, symbol="!", message=f"the server does not say the digest of File {found.file}")
    there = side.remote.size
    words = "other content" if there in {None, found.size} else f"{there} bytes on the server"
    return evolve(found, message=words)


def _further(side: _Side, one: partial[Compared]) -> Compared:
    """A File of this name that is not the one the file was compared with."""
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
    """A share of all files: those whose path hashes to between two fractions of what it can."""

    begin: Fraction
    end: Fraction

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `5%`, or `2/7`: the second of seven parts, which together are all files.

        Raises:
            ValueError: It is neither.
        """
        if (found := _PERCENT.fullmatch(text)) and Fraction(found[1]) <= 100:  # noqa: PLR2004
            return cls(Fraction(0), Fraction(found[1]) / 100)
        if (found := _PART.fullmatch(text)) and 1 <= int(found[1]) <= int(found[2]):
            part, parts = int(found[1]), int(found[2])
            return cls(Fraction(part - 1, parts), Fraction(part, parts))
        raise ValueError(f"{text!r} is no sample: write it as 5%, or 2/7 for the second of seven parts")

    def takes(self, path: str) -> bool:
        """Return whether a file is in it."""
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        return self.begin <= Fraction(int.from_bytes(digest[:8]), 1 << 64) < self.end


ALL: Final = Sample(Fraction(0), Fraction(1))
