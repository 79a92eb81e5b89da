"""Ways to send and hash large files in the comparison: by curl, by this library, and hashing alone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen

from benchmarks.served import PARENT, Where
from coredata_async import CoreData
from coredata_async.message import Request
from coredata_async.storage.readahead import read_ahead

MIB: Final = 1 << 20


def total(paths: Sequence[Path]) -> float:
    """Return the total size in bytes."""
    return float(sum(map(size_of, paths)))


def size_of(path: Path) -> int:
    """Return the size in bytes."""
    return path.stat().st_size


async def each(paths: Sequence[Path], one: Callable[[Path], Awaitable[None]]) -> float:
    """Process all files concurrently."""

    async def run(path: Path) -> None:
        await one(path)

    async with asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(run(path))
    return total(paths)


async def curl(where: Where, paths: Sequence[Path]) -> float:
    """Run as many curls as there are files."""
    trust = ["--cacert", str(where.tls)] if where.tls else []

    async def one(path: Path) -> None:
        url = f"{where.storage}/leg/{path.name}"
        process = await asyncio.create_subprocess_exec(
            "curl", "-sf", *trust, "-H", "Expect:", "-T", path, url
        )
        if await process.wait():
            raise RuntimeError(f"curl ended with {process.returncode}")

    return await each(paths, one)


@frozen
class FileReader:
    """Reader thread without hashing."""

    file: BinaryIO

    def read(self) -> bytes:
        """Return the next mebibyte, a new object."""
        return self.file.read(MIB)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@frozen
class Unhashed:
    """File as a `Body` that is only read and sent."""

    path: Path
    size: int
    replayable: bool = True

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Open it again, and read ahead in a thread."""
        async with aclosing(read_ahead(lambda: FileReader(self.path.open("rb", buffering=0)))) as blocks:
            async for block in blocks:
                yield block


async def put(client: CoreData, where: Where, path: Path) -> None:
    """Send the library's PUT alone, without hashing."""
    body = Unhashed(path, size_of(path))
    # The client accepts only signed URLs; the server does not check the signature.
    url = f"{where.storage}/leg/{path.name}?AWSAccessKeyId=k&Expires=4000000000&Signature=s"
    reply = await client.engine().storage(Request("PUT", url, body=body))
    if reply.status != 200:  # noqa: PLR2004
        raise RuntimeError(f"{path}: {reply.status}")


async def upload(client: CoreData, path: Path) -> None:
    """Upload through all three steps, with MD5."""
    # The server discards the bytes, so it has no digest to compare with: `verify` would ask it for one.
    await client.files.upload(path, parent=PARENT, verify=False)


def hash_files(paths: Sequence[Path]) -> float:
    """Read and hash only, each file in a thread of its own."""

    def one(path: Path) -> None:
        digest = hashlib.md5(usedforsecurity=False)
        room = memoryview(bytearray(MIB))
        with path.open("rb", buffering=0) as file:
            while got := file.readinto(room):
                digest.update(room[:got])
        digest.hexdigest()

    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(one, paths))
    return total(paths)
