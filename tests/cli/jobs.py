"""Fake jobs that publish given events."""

import asyncio
from collections.abc import AsyncIterator, Callable

from coredata_async.bulk.events import Event, Progress
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import Ended
from tests.bulk.reports import a_report


class FakeJob:
    """Job that publishes given events, optionally waits, and then has a report."""

    def __init__(
        self,
        *events: Event,
        report: Report | None = None,
        at_event: Callable[[], object] | None = None,
        endless: bool = False,
        raises: Exception | None = None,
    ) -> None:
        self.events, self.given, self.at_event = events, report, at_event
        self.endless, self.raises = endless, raises
        self.ended: Ended = "complete"
        self.asked: list[str] = []
        self.closed = False
        self.over = asyncio.Event()

    @property
    def report(self) -> Report:
        if not self.closed:
            raise RuntimeError("the job has not ended")
        return self.given or a_report(ended=self.ended)

    async def __aenter__(self) -> AsyncIterator[Event]:
        return self._tell()

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    def drain(self) -> None:
        self.asked.append("drain")
        self.ended = "drained"

    def stop(self) -> None:
        self.asked.append("stop")
        self.ended = "stopped"
        self.over.set()

    async def _tell(self) -> AsyncIterator[Event]:
        for event in self.events:
            if self.at_event is not None:
                self.at_event()
            await asyncio.sleep(0)
            yield event
        if self.raises is not None:
            raise self.raises
        if self.endless:
            await self.over.wait()


def progress(**found: object) -> Progress:
    """Return progress at half of the work."""
    usual: dict[str, object] = {
        **dict.fromkeys(("skipped", "failed", "unresolved", "delayed", "retries", "throttled"), 0),
        "planned": 10,
        "planned_bytes": 10_000,
        "scanned": True,
        "done": 5,
        "done_bytes": 5000,
        "in_flight": 2,
        "sent": 6000,
        "seconds": 5.0,
        "files_per_second": 1.0,
        "bytes_per_second": 1000.0,
        "eta": 5.0,
        "api_width": 8,
        "storage_width": 4,
        "paused": None,
    }
    return Progress(**{**usual, **found})  # type: ignore[arg-type]
