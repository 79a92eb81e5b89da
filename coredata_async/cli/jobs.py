"""A job of a command, from its first event to its report: shown, interrupted, and recorded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from attrs import frozen

from coredata_async.bulk.events import Event
from coredata_async.bulk.report.as_json import as_json
from coredata_async.bulk.report.report import Report
from coredata_async.cli.exits import FAILED
from coredata_async.cli.interrupts import Stoppable, interrupts
from coredata_async.cli.job_output import JobOutput
from coredata_async.cli.output import echo_json, say
from coredata_async.cli.plain import plain_object
from coredata_async.cli.report_files import write
from coredata_async.cli.summary import summarise
from coredata_async.errors import TransferError

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Job(Stoppable, Protocol):
    """Interface of a job, as far as this command needs it."""

    async def __aenter__(self) -> AsyncIterator[Event]: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def report(self) -> Report:
        """The report; raises if the job did not start."""
        ...


@frozen(kw_only=True)
class JobCommand:
    """Outputs of a job: events, reports and figures."""

    watch: JobOutput
    as_json: bool = False
    reports: Sequence[Path] = ()

    async def run(self, job: Job) -> int:
        """Run a job, and return the exit code. Reports are written however the job ends."""
        try:
            await self._watch(job)
        finally:
            written = self._write_reports(job)
        report = job.report
        self.watch.report_remaining(report)
        if self.as_json:
            await asyncio.to_thread(echo_json, {"event": "report", **as_json(report)})
        if not self.watch.quiet:
            await asyncio.to_thread(summarise, report, figures=not self.as_json)
            for path in self.reports:
                say(f"report: {path}")
        return report.exit_code or (0 if written else FAILED)

    async def _watch(self, job: Job) -> None:
        async with job as events:
            with interrupts(job), self.watch.gauge.live():
                async for event in events:
                    self.watch.take(event)
                    if self.as_json:  # in a thread: a slow reader must not stop transfers
                        await asyncio.to_thread(echo_json, event_json(event))

    def _write_reports(self, job: Job) -> bool:
        """Write the reports, and return whether all of them were written."""
        try:
            report = job.report
        except RuntimeError:  # the job did not start
            return False
        failures = 0
        for path in self.reports:
            try:
                write(report, path)
            except (OSError, TransferError) as exc:
                failures += 1
                say(f"coredata: the report {path} cannot be written: {getattr(exc, 'strerror', None) or exc}")
        return not failures


def event_json(event: Event) -> dict[str, object]:
    """Convert an event to the object of a JSON line: `{"event": "file_done", …}`."""
    return {"event": _CAPITAL.sub("_", type(event).__name__).lower(), **plain_object(event)}
