"""Command `coredata demo`: an upload, a listing and a download, end to end, on the embedded sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.table import Table

import coredata_async
from coredata_async.cli.output import echo_json, print_table, say
from coredata_async.cli.roundtrip import DemoReport, roundtrip, scan
from coredata_async.cli.sandbox_process import sandbox_process
from coredata_async.client import CoreData

SHOWN = 20
"""Maximum number of failures that are reported one by one."""


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
    help="Maximum number of uploads at once.",
)
def demo(folder: Path | None, *, as_json: bool, concurrency: int) -> None:
    """Upload DIR into an embedded sandbox, and verify that every byte arrived.

    Needs neither an account nor a network. DIR defaults to the files of this package. Starts a CoreData in a
    process of its own, creates a project, uploads every file, lists the files page by page, downloads each
    and compares its digest with the file on disk. Links and special files are skipped and counted. Exits with
    0 only if every file is verified.
    """
    tally = asyncio.run(_demo(folder or Path(coredata_async.__file__).parent, concurrency))
    for path, why in tally.failures[:SHOWN]:
        say(f"failed: {path}: {why}")
    if len(tally.failures) > SHOWN:
        say(f"… and {len(tally.failures) - SHOWN} more")
    if as_json:
        echo_json(tally.summary())
    else:
        print_table(table(tally))
    raise click.exceptions.Exit(tally.exit_code)


async def _demo(folder: Path, concurrency: int) -> DemoReport:
    found = await asyncio.to_thread(scan, folder)
    tally = DemoReport(found)
    say(f"{len(found.files)} files, {found.bytes / 1e6:,.1f} MB in {folder}; starting a sandbox")
    async with (
        sandbox_process() as (_, box),
        CoreData(box.url, api_user=box.api_user, api_key=box.api_key, app_info="demo") as client,
    ):
        project = await client.projects.create(space=box.space, title=f"Demo of {folder.name or folder}")
        await roundtrip(client, project, tally, concurrency)
    return tally


def table(tally: DemoReport) -> Table:
    """Build a table of the figures, for people."""
    figures = tally.summary()
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
