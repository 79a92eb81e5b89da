"""Large files, one and four, plain and by TLS, with and without MD5: rows 7 to 11.

    python -m benchmarks --only large

Beside `curl -T`, and beside reading and hashing alone. The files are on a RAM disk where there is one; the
storage drops what it gets. The library always hashes, so "no MD5" is its PUT alone: the reader thread and
the exchange, with a body that is not hashed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.certificate import certificate
from benchmarks.clients.ours import client_for
from benchmarks.files import large_file, ram
from benchmarks.intervals import median_interval
from benchmarks.large_ways import MIB, curl, each, hash_files, put, upload
from benchmarks.paired import Slice, Timed, run_paired
from benchmarks.programs import program
from benchmarks.result import Result
from benchmarks.served import serve

SIZE: Final = 1 << 30
QUICK_SIZE: Final = 256 * MIB
MANY: Final = 4
CURL, PUT, FLOW, HASH = "curl -T", "ours, no MD5", "ours, MD5", "md5only"


@frozen
class Row:
    """One row of the targets: ours over theirs."""

    row: str
    ours: str
    theirs: str
    must: float
    stretch: float


PLAIN: Final = (Row("7", PUT, CURL, 0.85, 1.0), Row("9", FLOW, HASH, 0.85, 0.94))
FOUR: Final = (Row("8", PUT, CURL, 0.65, 0.80), Row("10", FLOW, HASH, 0.60, 0.74))
TLS: Final = (Row("11", PUT, CURL, 0.80, 1.0), Row("11", FLOW, HASH, 0.72, 0.85))


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Six rows: each way is one sending of the whole files, in turn with the others."""
    size = QUICK_SIZE if quick else SIZE
    with ram(MANY * size) as folder:
        paths = [large_file(folder, size, number) for number in range(MANY)]
        tls = certificate(folder) if program("openssl") else None
        found: list[Result] = []
        found += asyncio.run(_compare(PLAIN, paths[:1], rounds))
        found += asyncio.run(_compare(FOUR, paths, rounds))
        if tls is None:
            found += [Result(name="TLS", baseline=row.theirs, row=row.row, note="no openssl") for row in TLS]
        else:
            found += asyncio.run(_compare(TLS, paths[:1], rounds, tls))
    return found


async def _compare(
    rows: Sequence[Row], paths: Sequence[Path], rounds: int, tls: Path | None = None
) -> list[Result]:
    async with serve(large=True, tls=tls) as where, client_for(where) as client:
        ways: dict[str, Slice] = {
            CURL: lambda: curl(where, paths),
            PUT: lambda: each(paths, lambda path: put(client, where, path)),
            FLOW: lambda: each(paths, lambda path: upload(client, path)),
            HASH: lambda: asyncio.to_thread(hash_files, paths),
        }
        if program("curl") is None:
            del ways[CURL]
        timed = await run_paired(ways, rounds, where.cpu)
        await asyncio.to_thread(where.check, len(paths) * (rounds + 1))
    size = paths[0].stat().st_size >> 20
    name = f"{len(paths)} x {size} MiB{' by TLS' if tls else ''}"
    return [_result(timed, name, row) for row in rows]


def _result(timed: Timed, name: str, row: Row) -> Result:
    group, name = name, f"{name}, {row.ours.removeprefix('ours, ')}"
    if row.theirs not in timed.ways:
        return Result(name=name, baseline=row.theirs, row=row.row, note="curl is not installed")
    found = median_interval(timed.against(row.ours, row.theirs))
    figures = {f"{group}: {way} MB/s": round(timed.rate(way) / 1e6) for way in (row.ours, row.theirs)}
    figures |= {f"{way} CPU ms/GiB": round(timed.cpu(way) / 1e3 * (1 << 30)) for way in (row.ours,)}
    for way in (row.ours, row.theirs):
        rate = median_interval([each.rate / 1e6 for each in timed.ways[way]])
        figures |= {
            f"{group}: {way} MB/s low": round(rate.low),
            f"{group}: {way} MB/s high": round(rate.high),
        }
    return Result(
        name=name,
        baseline=row.theirs,
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=row.must,
        stretch=row.stretch,
        figures={**figures, "server's share of a core": round(timed.far_share(row.ours), 2)},
        row=row.row,
    )
