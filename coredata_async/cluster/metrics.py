"""Metrics of a worker for Prometheus: each process counts, and the worker adds the counts up."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, cast

from attrs import define, field

from coredata_async.bulk.events import (
    Event,
    FileDelayed,
    FileDone,
    FileFailed,
    FileSkipped,
    FileUnresolved,
    Progress,
)
from coredata_async.prometheus import write_gauge, write_total

PAUSE: Final = 1.0
"""Seconds between two lines of a process."""
_PREFIX: Final = "coredata_cluster_worker"
_FILES: Final = ("done", "skipped", "failed", "unresolved", "delayed")
_TASKS: Final = ("scan", "shard")


@define(eq=False)
class ProcessMetrics:
    """Counts of one worker process. They only grow, except those of the task that it has now."""

    counts: Counter[str] = field(factory=Counter[str])
    task: str | None = None
    """Kind of the task that it has now."""
    in_flight: int = 0

    def begin(self, kind: str) -> None:
        """Count a scan or shard that begins."""
        self.counts[f"task {kind}"] += 1
        self.task = kind

    def end(self) -> None:
        """Record the end of the task."""
        self.task, self.in_flight = None, 0

    def take(self, event: Event | Mapping[str, object]) -> None:
        """Count an event of the task; a mapping is one of the cluster."""
        match event:
            case {"event": "ShardMoved"}:
                self.counts["moved"] += 1
            case FileDone(earlier=False):
                self.counts["file done"] += 1
                self.counts["bytes"] += event.size
            case FileSkipped(earlier=False):
                self.counts["file skipped"] += 1
            case FileFailed():
                self.counts["file failed"] += 1
            case FileUnresolved():
                self.counts["file unresolved"] += 1
            case FileDelayed():
                self.counts["file delayed"] += 1
            case Progress():
                self.in_flight = event.in_flight
            case _:
                pass

    def line(self) -> bytes:
        """Return all counts as a line of JSON."""
        fields = {"counts": self.counts, "busy": self.task is not None, "in_flight": self.in_flight}
        return json.dumps(fields).encode() + b"\n"

    async def report(self) -> None:
        """Write a line to standard output at intervals.

        A line is short enough to be written in one piece. It is left out if the parent does not read, because
        a process that waits for its parent would lose its lease.
        """
        output = sys.stdout.fileno()
        os.set_blocking(output, False)
        try:
            while True:
                self._write(output)
                await asyncio.sleep(PAUSE)
        finally:
            self._write(output)

    def _write(self, output: int) -> None:
        with suppress(OSError):
            os.write(output, self.line())


@define(eq=False)
class WorkerMetrics:
    """Sum of the counts of all processes that a worker has had."""

    restarts: int = 0
    """Number of processes that ended without being asked to."""
    _ended: Counter[str] = field(factory=Counter[str], init=False)
    _running: dict[int, dict[str, object]] = field(factory=dict[int, dict[str, object]], init=False)

    async def follow(self, number: int, lines: asyncio.StreamReader) -> None:
        """Read the lines of a process until it ends, and keep its counts.

        Args:
            number: The process id.
            lines: Its standard output.
        """
        self._running[number] = {}
        try:
            while not lines.at_eof():
                with suppress(ValueError):  # too long, or cut off by the end of the process
                    self._running[number] = json.loads(await lines.readline())
        finally:
            self._ended.update(_counts(self._running.pop(number)))

    def render(self) -> str:
        """Return all metrics, one per line."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        total = Counter(self._ended)
        for fields in self._running.values():
            total.update(_counts(fields))
        files = {outcome: total[f"file {outcome}"] for outcome in _FILES}
        tasks = {kind: total[f"task {kind}"] for kind in _TASKS}
        running = self._running.values()
        yield from write_total(f"{_PREFIX}_files_total", "Files by outcome.", files, label="outcome")
        yield from write_total(f"{_PREFIX}_bytes_total", "Bytes of uploaded files.", total["bytes"])
        yield from write_total(f"{_PREFIX}_tasks_total", "Scans and shards begun.", tasks, label="kind")
        name = f"{_PREFIX}_tasks_moved_total"
        yield from write_total(name, "Scans and shards continued after another worker.", total["moved"])
        yield from write_total(f"{_PREFIX}_leases_lost_total", "Leases that ended.", total["lost"])
        name = f"{_PREFIX}_process_restarts_total"
        yield from write_total(name, "Processes that ended unasked and were started again.", self.restarts)
        yield from write_gauge(f"{_PREFIX}_processes", "Processes that run.", len(self._running))
        busy = sum(fields.get("busy") is True for fields in running)
        yield from write_gauge(f"{_PREFIX}_processes_busy", "Processes with a scan or shard.", busy)
        flying = sum(_integer(fields.get("in_flight")) for fields in running)
        yield from write_gauge(f"{_PREFIX}_files_in_flight", "Files that are uploaded now.", flying)


def _counts(fields: dict[str, object]) -> Counter[str]:
    counts = cast("Mapping[str, object]", fields.get("counts") or {})
    return Counter({name: _integer(number) for name, number in counts.items()})


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
