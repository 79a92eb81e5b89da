"""Round trip of files: uploaded, listed and downloaded, with every digest compared with the disk."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coredata_async.cli.demo_report import DemoReport
from coredata_async.cli.output import people
from coredata_async.cli.scan import readable
from coredata_async.client import CoreData
from coredata_async.errors import ChecksumMismatchError, CoreDataError
from coredata_async.storage.bodies import md5_of_file
from coredata_async.transfer.outcomes import Uploaded
from coredata_async.transfer.uploads import Upload


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
