"""Small files beside httpx, requests and the vendor's own curl commands: rows 2, 3 and 4.

Each gets its best concurrency. They are 4 to 200 times slower, so their slices are shorter; the
ratio compares rates.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.clients.client import Client
from benchmarks.clients.roster import CURL, HTTPX, NIQUESTS, OURS, REQUESTS
from benchmarks.flow import flow, way
from benchmarks.result import Result

TURNS: Final = 1
"""Slices per round and client: a round of them takes about 4 s."""


@frozen
class Peer:
    """One comparison."""

    row: str
    client: Client
    width: int
    ours: int
    must: float
    stretch: float


PEERS: Final = (
    Peer("2", HTTPX, 8, 8, 7, 10),
    Peer("3", CURL, 1, 32, 100, 150),
    Peer("3", CURL, 8, 32, 45, 65),
    Peer("4", REQUESTS, 1, 32, 3, 4),
    Peer("4", NIQUESTS, 8, 32, 4, 5),
)


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure one row for each installed client, and report one for each that is not installed."""
    there = [each for each in PEERS if not each.client.missing]
    clients = {(each.client, each.width) for each in there} | {(OURS, each.ours) for each in there}
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        turns = max(2, rounds // 2) if quick else max(5, rounds)
        timed = asyncio.run(flow(Path(name), sorted(clients, key=lambda each: way(*each)), turns * TURNS))
    found: list[Result] = []
    for each in PEERS:
        name = f"small files, whole flow, c={each.ours}"
        if each.client.missing:
            found.append(Result(name=name, baseline=each.client.name, row=each.row, note=_why(each.client)))
            continue
        ours, theirs = way(OURS, each.ours), way(each.client, each.width)
        found.append(timed.result(name, ours, theirs, row=each.row, must=each.must, stretch=each.stretch))
    return found


def _why(client: Client) -> str:
    if client is NIQUESTS:
        return f"{client.missing}: its urllib3-future replaces the urllib3 that requests needs"
    return client.missing
