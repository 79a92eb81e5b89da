"""Round trip of the files of a folder: found, uploaded, listed, downloaded and compared with the disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from attrs import define, field, frozen
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan import scan as bulk
from coredata_async.bulk.states import State
from coredata_async.cli.failures import exit_code
from coredata_async.cli.output import people
from coredata_async.client import CoreData
from coredata_async.errors import ChecksumMismatchError, CoreDataError
from coredata_async.storage.bodies import md5_of_file
from coredata_async.transfer.outcomes import Uploaded
from coredata_async.transfer.uploads import Upload

_EVERYTHING: Final = Selection(ignore_files=False)
_ANY_NAME: Final = Policy(names="truncate", unicode="keep")


UNREADABLE = 3


@frozen
class Found:
    """Content of a folder."""

    files: list[tuple[Path, int]] = field(factory=list[tuple[Path, int]])
    """Paths and sizes."""
    skipped: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])
    """Paths and reasons: a link may lead out of the folder, or in a circle."""
    unreadable: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)


def scan(folder: Path) -> Found:
    """Walk a folder. Blocks, so run it in a thread.

    Raises:
        ConfigurationError: If the folder does not exist.
    """
    found = Found()
    for batch in bulk.scan([f"{folder}/."], _EVERYTHING, _ANY_NAME):
        for entry in batch.entries:
            path = Path(os.fsdecode(batch.directory.path), os.fsdecode(entry.name))
            if entry.state == State.PLANNED:
                found.files.append((path, entry.fingerprint.size))
            elif entry.state == State.SKIPPED:
                found.skipped.append((path, entry.message))
            else:
                found.unreadable.append((path, entry.message))
    return found


def readable(path: Path) -> str:
    """Return a name as text; bytes that are not UTF-8 become hexadecimal escapes."""
    return path_text(os.fsencode(path.name))


@define
class DemoReport:
    """Results for the files of a folder so far."""

    found: Found
    uploaded: dict[str, tuple[Path, int]] = field(factory=dict[str, tuple[Path, int]])
    """By File id: local path and size."""
    listed: set[str] = field(factory=set[str])
    """Ids that the listing showed with the right digest and size."""
    verified: int = 0
    failures: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])
    """Every file that is not verified, with the reason."""
    exit_code: int = 0
    upload_seconds: float = 0.0
    seconds: float = 0.0

    def __attrs_post_init__(self) -> None:
        for path, why in self.found.unreadable:
            self._add_failure(path, why, UNREADABLE)

    def fail(self, path: Path, error: Exception) -> None:
        """Count a failure."""
        self._add_failure(path, str(error), exit_code(error))

    def _add_failure(self, path: Path, why: str, code: int) -> None:
        self.failures.append((path, why))
        self.exit_code = max(self.exit_code, code)

    @property
    def files(self) -> int:
        """Number of all files, readable or not."""
        return len(self.found.files) + len(self.found.unreadable)

    @property
    def bytes(self) -> int:
        """Number of uploaded bytes."""
        return sum(size for _, size in self.uploaded.values())

    def summary(self) -> dict[str, float]:
        """Return the figures, for programs."""
        busy = self.upload_seconds or 1.0
        return {
            "files": self.files,
            "bytes": self.bytes,
            "uploaded": len(self.uploaded),
            "listed": len(self.listed),
            "verified": self.verified,
            "failed": len(self.failures),
            "skipped": len(self.found.skipped),
            "seconds": round(self.seconds, 3),
            "upload_seconds": round(self.upload_seconds, 3),
            "files_per_second": round(len(self.uploaded) / busy, 1),
            "megabytes_per_second": round(self.bytes / busy / 1e6, 2),
        }


async def roundtrip(client: CoreData, project: str, tally: DemoReport, concurrency: int) -> None:
    """Upload, list, download and compare all files of a report, and record the results in it."""
    began = time.monotonic()
    with _bar() as bar:
        await _upload(client, project, tally, concurrency, bar)
        tally.upload_seconds = time.monotonic() - began
        await _list(client, project, tally, bar)
        await _download(client, tally, concurrency, bar)
    tally.seconds = time.monotonic() - began


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=people,
    )


async def _upload(client: CoreData, project: str, tally: DemoReport, concurrency: int, bar: Progress) -> None:
    paths = (path for path, _ in tally.found.files)
    wanted = (Upload(source=path, filename=readable(path)) for path in paths)
    task = bar.add_task("upload", total=len(tally.found.files), rate="")
    began, sent = time.monotonic(), 0
    async with client.files.upload_many(wanted, parent=project, concurrency=concurrency) as outcomes:
        async for outcome in outcomes:
            path = cast("Path", outcome.source)
            if isinstance(outcome, Uploaded):
                tally.uploaded[outcome.file_id] = path, outcome.size
                sent += outcome.size
            else:
                tally.fail(path, outcome.error)
            bar.update(task, advance=1, rate=f"{sent / 1e6 / (time.monotonic() - began):,.1f} MB/s")


async def _list(client: CoreData, project: str, tally: DemoReport, bar: Progress) -> None:
    task = bar.add_task("list", total=len(tally.uploaded), rate="")
    async for page in client.projects.files(project, page_size=500).pages(prefetch=2):
        for file in page.items:
            _, size = tally.uploaded.get(file.id, (None, None))
            if file.size == size:
                tally.listed.add(file.id)
        bar.update(task, completed=len(tally.listed))


async def _download(client: CoreData, tally: DemoReport, concurrency: int, bar: Progress) -> None:
    task = bar.add_task("verify", total=len(tally.uploaded), rate="")
    uploads = iter(tally.uploaded.items())

    async def worker(queue: Iterator[tuple[str, tuple[Path, int]]]) -> None:
        for file_id, (path, _) in queue:  # shared on purpose: each worker takes the next file
            try:
                await _compare(client, file_id, path, listed=file_id in tally.listed)
                tally.verified += 1
            except (CoreDataError, OSError) as exc:
                tally.fail(path, exc)
            bar.update(task, advance=1)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker(uploads))


async def _compare(client: CoreData, file_id: str, path: Path, *, listed: bool) -> None:
    """Download one file and compare it with the disk, not with the digest that the upload reported.

    Raises:
        ChecksumMismatchError: If the bytes differ.
        CoreDataError: If the file is not in the listing, or cannot be downloaded.
    """
    if not listed:
        raise CoreDataError(f"File {file_id} is not in the listing with the right size")
    expected = await asyncio.to_thread(md5_of_file, path)
    digest = hashlib.md5(usedforsecurity=False)
    async with client.files.download(file_id) as content:
        async for block in content:
            digest.update(block)
    if digest.hexdigest() != expected:
        raise ChecksumMismatchError(
            f"downloaded bytes differ from {path}", stage="get", expected=expected, actual=digest.hexdigest()
        )
