"""Cost of one request beyond aiohttp, and the number of connections: rows 17 and 19."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.clients.ours import client_for, has_switch, upload
from benchmarks.files import small_files
from benchmarks.paired import Slice, run_paired
from benchmarks.result import Result
from benchmarks.served import serve

WIDTH: Final = 32
REQUESTS: Final = 1000
PATH: Final = "/api/v2/user/"
SLICES: Final = 4


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure both rows."""
    return [*asyncio.run(_requests(rounds * (SLICES // 2 if quick else SLICES))), asyncio.run(_connections())]


async def _requests(turns: int) -> list[Result]:
    async with (
        serve() as where,
        client_for(where) as ours,
        client_for(where, **({"transport": "aiohttp"} if has_switch() else {})) as on_aiohttp,
        aiohttp.ClientSession() as session,
    ):

        async def plain() -> None:
            key = {"Authorization": "apikey u:k"}
            async with session.get(f"{where.api}{PATH}", headers=key) as reply:
                reply.raise_for_status()
                await reply.json()

        async def mine() -> None:
            (await ours.request("GET", PATH)).json()

        async def mine_on_aiohttp() -> None:
            (await on_aiohttp.request("GET", PATH)).json()

        ways = {"ours": mine, "ours on aiohttp": mine_on_aiohttp, "plain aiohttp": plain}
        timed = await run_paired({name: _slice(one) for name, one in ways.items()}, turns)
    name = f"a tiny GET, c={WIDTH}"
    return [
        timed.result(
            name + way.removeprefix("ours"),
            way,
            "plain aiohttp",
            what="requests/s",
            row="17",
            must=must,
            stretch=stretch,
            note=note,
        )
        for way, must, stretch, note in (
            ("ours", 0.80, 0.90, ""),
            (
                "ours on aiohttp",
                None,
                None,
                "for what is unusual: on top of the same aiohttp",
            ),
        )
    ]


def _slice(one: Callable[[], Awaitable[None]]) -> Slice:
    async def worker(numbers: range) -> None:
        for _ in numbers:
            await one()

    async def slices() -> float:
        async with asyncio.TaskGroup() as group:
            for _ in range(WIDTH):
                group.create_task(worker(range(REQUESTS // WIDTH)))
        return WIDTH * (REQUESTS // WIDTH)

    return slices


async def _connections() -> Result:
    """Upload twice: the second upload must find all its connections open."""
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        paths = await asyncio.to_thread(small_files, Path(name), 10 * WIDTH)
        async with serve() as where, client_for(where) as client:
            await upload(client, paths, WIDTH)
            once: int = (await asyncio.to_thread(where.ask, "/counts"))["connections"] - 1
            await upload(client, paths, WIDTH)
            twice: int = (await asyncio.to_thread(where.ask, "/counts"))["connections"] - 2
            await asyncio.to_thread(where.check, 2 * len(paths))
    return Result(
        name=f"connections for {WIDTH} workers",
        baseline="one to each side for each worker",
        ratio=max(once, twice) / WIDTH,
        must=2,
        higher_is_better=False,
        unit="per worker",
        figures={"after one upload": once, "after two": twice},
        note="none reopened" if twice <= 2 * WIDTH else "",
        row="19",
    )
