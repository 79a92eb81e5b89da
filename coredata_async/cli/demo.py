"""Command `coredata demo`: a bulk job and a comparison of every byte, on the embedded sandbox."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from attrs import frozen
from rich.table import Table

import coredata_async
from coredata_async.bulk.check.check import check
from coredata_async.bulk.check.compare import ALL, Compared, Symbol
from coredata_async.bulk.events import Progress
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.options import Effort, Policy, Selection
from coredata_async.bulk.report.report import Report
from coredata_async.cli.output import echo_json, print_table, say
from coredata_async.cli.progress import ProgressDisplay, Silent, choose_display
from coredata_async.cli.sandbox_process import sandbox_process
from coredata_async.client import CoreData

SHOWN = 20
"""Maximum number of failures that are reported one by one."""

_EVERYTHING: Final = Selection(ignore_files=False)
_ANY_NAME: Final = Policy(names="truncate", unicode="keep", assume_alone=True)
_MESSAGES: Final[Mapping[Symbol, str]] = {
    "+": "the server does not list it",
    "-": "only the server has it",
    "*": "the server has other bytes",
    "!": "it could not be compared",
}
_EXIT_CODES: Final[Mapping[Symbol, int]] = {"+": 1, "!": 3, "-": 4, "*": 4}


@click.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option(
    "--concurrency",
    default=32,
    show_default=True,
    type=click.IntRange(1, 256),
    metavar="N",
    help="Maximum number of uploads at once.",
)
def demo(folder: Path | None, *, as_json: bool, concurrency: int) -> None:
    """Upload DIR into an embedded sandbox, and verify that every byte arrived.

    Needs neither an account nor a network. DIR defaults to the files of this package. Starts a CoreData in a
    process of its own, creates a project, uploads the tree as "coredata upload" does, and compares it as
    "coredata check --download 100%" does: it lists the files page by page, downloads each and compares its
    bytes with the file on disk. Links and special files are skipped and counted. Exits with 0 only if every
    file is verified.
    """
    display = choose_display(as_json=as_json)
    result = asyncio.run(_demo(folder or Path(coredata_async.__file__).parent, concurrency, display))
    for path, reason in [*result.failures.items()][:SHOWN]:
        say(f"failed: {path}: {reason}")
    if len(result.failures) > SHOWN:
        say(f"… and {len(result.failures) - SHOWN} more")
    if as_json:
        echo_json(result.summary())
    else:
        print_table(table(result))
    raise click.exceptions.Exit(result.exit_code)


@frozen(kw_only=True)
class DemoReport:
    """Results for the files of a folder."""

    uploaded: Report
    compared: Mapping[Symbol, int]
    """Number of files by the result of their comparison."""
    listed: int
    """Number of files on disk for which the server lists a File."""
    failures: Mapping[str, str]
    """Reason by path, for every file that is not verified."""
    upload_seconds: float
    seconds: float

    @property
    def exit_code(self) -> int:
        """Exit code of the upload, or else of the comparison."""
        differing = (_EXIT_CODES.get(symbol, 0) for symbol in self.compared)
        return self.uploaded.exit_code or max(differing, default=0)

    def summary(self) -> dict[str, float]:
        """Return the figures, for programs."""
        counts, sizes, busy = self.uploaded.counts, self.uploaded.bytes, self.upload_seconds or 1.0
        return {
            "files": counts.planned - counts.skipped,
            "bytes": sizes.done,
            "uploaded": counts.done,
            "listed": self.listed,
            "verified": self.compared.get("=", 0),
            "failed": len(self.failures),
            "skipped": counts.skipped,
            "seconds": round(self.seconds, 3),
            "upload_seconds": round(self.upload_seconds, 3),
            "files_per_second": round(counts.done / busy, 1),
            "megabytes_per_second": round(sizes.done / busy / 1e6, 2),
        }


async def _demo(folder: Path, concurrency: int, display: ProgressDisplay) -> DemoReport:
    say(f"starting a sandbox for the files in {folder}")
    async with (
        sandbox_process() as (_, box),
        CoreData(box.url, api_user=box.api_user, api_key=box.api_key, app_info="demo") as client,
    ):
        project = await client.projects.create(space=box.space, title=f"Demo of {folder.name or folder}")
        return await upload_and_compare(client, project, folder, concurrency, display)


async def upload_and_compare(
    client: CoreData,
    project: str,
    folder: Path,
    concurrency: int,
    display: ProgressDisplay | None = None,
) -> DemoReport:
    """Upload the content of a folder to a new project, and compare every byte with the disk.

    Raises:
        ConfigurationError: If the folder does not exist.
        APIError: If the service cannot be reached.
    """
    began = time.monotonic()
    with TemporaryDirectory(prefix="coredata-demo-") as private:
        job = UploadJob(
            client,
            f"{folder}/.",
            parent=project,
            journal=Path(private, "journal.sqlite"),
            selection=_EVERYTHING,
            policy=_ANY_NAME,
            effort=Effort(concurrency=concurrency),
        )
        uploaded = await _upload(job, display or Silent())
    upload_seconds = time.monotonic() - began
    found = {each.path: each.message for each in (*uploaded.failures, *uploaded.unresolved)}
    say(f"comparing {uploaded.counts.done} files")
    counts, listed = Counter[Symbol](), 0
    results = check(
        client,
        f"{folder}/.",
        parent=project,
        selection=_EVERYTHING,
        policy=_ANY_NAME,
        width=concurrency,
        sample=ALL,
    )
    async with aclosing(results):
        async for each in results:
            counts[each.symbol] += 1
            listed += bool(each.local and each.file)
            if each.symbol != "=":
                found.setdefault(each.local or each.path, _message(each))
    return DemoReport(
        uploaded=uploaded,
        compared=counts,
        listed=listed,
        failures=found,
        upload_seconds=upload_seconds,
        seconds=time.monotonic() - began,
    )


async def _upload(job: UploadJob, display: ProgressDisplay) -> Report:
    async with job:
        with display.live():
            async for event in job:
                if isinstance(event, Progress):
                    display.show(event)
    return job.report


def _message(each: Compared) -> str:
    return each.message or _MESSAGES.get(each.symbol, "")


def table(result: DemoReport) -> Table:
    """Build a table of the figures, for people."""
    figures = result.summary()
    shown = Table(title="coredata demo", show_header=False, title_justify="left")
    shown.add_column(style="bold")
    shown.add_column(justify="right")
    for name, text in (
        ("files", f"{figures['files']:,}"),
        ("bytes", f"{figures['bytes']:,}"),
        ("uploaded", f"{figures['uploaded']:,}"),
        (
            "upload rate",
            f"{figures['files_per_second']:,.0f} files/s, {figures['megabytes_per_second']:,.1f} MB/s",
        ),
        ("listed back", f"{figures['listed']:,}"),
        ("downloaded and verified", f"{figures['verified']:,}"),
        ("failed", f"{figures['failed']:,}"),
        ("skipped (links, special files)", f"{figures['skipped']:,}"),
        ("seconds in total", f"{figures['seconds']:,.1f}"),
    ):
        shown.add_row(name, text)
    return shown
