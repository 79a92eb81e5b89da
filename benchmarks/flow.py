"""Whole flow of small files by several clients in turn, with a check that every file arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from benchmarks.clients.client import Client, Upload
from benchmarks.files import small_files
from benchmarks.paired import Slice, Timed, run_paired
from benchmarks.served import Where, serve

FILES: Final = 2000
QUICK: Final = 4
"""Maximum number of slices of each client per round in a quick run."""
FULL: Final = 10


async def flow(
    folder: Path,
    clients: Sequence[tuple[Client, int]],
    turns: int,
    *,
    delay: float = 0.0,
    tls: Path | None = None,
) -> Timed:
    """Let each client, with its concurrency, upload slice after slice to one server.

    Names of ways are those of the clients and their concurrency: `naive+md5 c=32`.
    """
    paths = await asyncio.to_thread(small_files, folder, FILES)
    async with serve(delay=delay, tls=tls) as where, AsyncExitStack() as stack:
        ways: dict[str, Slice] = {}
        for client, width in clients:
            upload = await stack.enter_async_context(client.connect(where))
            ways[way(client, width)] = _slices(upload, paths, client.slice, width)
        timed = await run_paired(ways, turns, where.cpu)
        await _check(where, clients, turns)
    return timed


def way(client: Client, width: int) -> str:
    """Return the name of a client with this concurrency."""
    return f"{client.name} c={width}"


def _slices(upload: Upload, paths: Sequence[Path], size: int, width: int) -> Slice:
    supply = cycle(paths)

    async def one() -> float:
        await upload(list(islice(supply, size)), width)
        return size

    return one


async def _check(where: Where, clients: Sequence[tuple[Client, int]], turns: int) -> None:
    await asyncio.to_thread(where.check, sum(client.slice for client, _ in clients) * (turns + 1))
