"""Tools for tests of complete jobs: trees, runs, and the expected results."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, evolve, field

from coredata_async.bulk import (
    Effort,
    Event,
    FileDone,
    FileFailed,
    FileSkipped,
    FileUnresolved,
    Policy,
    Progress,
    Report,
    UploadJob,
)
from tests.rig import md5

STEADY = Effort(adaptive=False, concurrency=8, patience=5, drain=5)
"""Effort that does not depend on the speed of the machine."""

BUSY = 5.0
"""Seconds for which a busy machine may delay an end."""

FINAL = FileDone | FileFailed | FileSkipped | FileUnresolved


def make_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files, with their directories."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def some_tree(root: Path, count: int = 12) -> Path:
    """Create small files of different content in three directories."""
    return make_tree(root, {f"d{n % 3}/f{n:04}.txt": f"content {n}".encode() for n in range(count)})


def local_truth(root: Path, *, inside: str = "") -> Counter[tuple[str, str]]:
    """Return path and MD5 of every file below a directory."""
    found = Counter[tuple[str, str]]()
    for at, _, names in os.walk(root):
        for name in names:
            path = Path(at) / name
            found[str(Path(inside) / path.relative_to(root)), md5(path.read_bytes())] += 1
    return found


def remote_truth(box, below: str) -> Counter[tuple[str, str]]:
    """Return path below a parent and MD5 of every File in the sandbox."""
    found = Counter[tuple[str, str]]()
    for file in box.state.files:
        path = [file.fields["filename"]]
        for one in box.state.ancestors(file):
            if one.id == below:
                break
            if one.kind == "Folder":
                path.append(one.title)
        found["/".join(reversed(path)), file.fields["digest"]] += 1
    return found


def folders_twice(box) -> list[tuple[str, str]]:
    """Return the folders with the same title and parent as another one."""
    made = Counter((one.parent, one.title) for one in box.state.of("Folder") if "path" not in one.fields)
    return [which for which, count in made.items() if count > 1]


def files_twice(box) -> list[str]:
    """Return the blobs of more than one File."""
    return [blob for blob, count in box.state.files_per_blob().items() if count > 1]


@define
class Ran:
    """Run that has ended."""

    report: Report
    events: list[Event] = field(repr=lambda events: f"{len(events)} events")

    def of(self, *kinds: type) -> list:
        """Return the events of some types."""
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def done(self) -> int:
        """Number of DONE files."""
        return self.report.counts.done


@define
class Jobs:
    """Factory of jobs of one client whose journal has the same path."""

    client: object
    parent: str
    journal: Path

    def job(self, *paths: Path | str, processes: int = 1, **options) -> UploadJob:
        """Return a job that has not begun."""
        effort = evolve(options.pop("effort", STEADY), processes=processes)
        given = {"parent": self.parent, "journal": self.journal, **options, "effort": effort}
        return UploadJob(options.pop("client", self.client), list(paths), **_without_client(given))

    async def run(
        self, *paths: Path | str, on: Callable[[UploadJob, Event], object] | None = None, **options
    ) -> Ran:
        """Run a job to its end; `on` is called with each event."""
        events: list[Event] = []
        async with self.job(*paths, **options) as job:
            async for event in job:
                events.append(event)
                if on is not None:
                    on(job, event)
        return Ran(job.report, events)


def _without_client(options: dict) -> dict:
    return {name: value for name, value in options.items() if name != "client"}


def check_report(ran: Ran) -> None:
    """Check what must be true of every run that has ended, in any way."""
    counts = ran.report.counts
    assert ran.report.adds_up
    finals = Counter(event.path for event in ran.of(FileDone, FileFailed, FileSkipped, FileUnresolved))
    assert not [path for path, count in finals.items() if count > 1], "two final events of a file"
    for event in ran.of(Progress):
        left = event.planned - event.done - event.skipped - event.failed - event.unresolved - event.delayed
        assert left >= 0
        assert event.planned >= 0
    assert counts.failed == ran.report.failures_total
    assert counts.unresolved == ran.report.unresolved_total


def check_mirrored(box, ran: Ran, root: Path, *, below: str, inside: str = "") -> None:
    """Check that every file exists once, with its bytes and in its folder, also in the report."""
    check_report(ran)
    report = ran.report
    assert (report.ended, report.exit_code) == ("complete", 0), (
        report.message, report.failures[:2], report.unresolved[:2], report.duplicates[:2], report.counts,
    )  # fmt: skip
    here, there = local_truth(root, inside=inside), remote_truth(box, below)
    assert there == here
    assert not files_twice(box)
    assert not folders_twice(box)
    assert report.counts.planned == report.counts.done + report.counts.skipped == here.total()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that another thread or a job fulfils."""
    while not condition():  # noqa: ASYNC110  # no event signals it
        await asyncio.sleep(0.005)


def policy(**options) -> Policy:
    """Return a policy with short waits for files that change."""
    return Policy(**{"on_change": 1, **options})
