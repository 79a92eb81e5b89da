"""Command `coredata 5pm archive`: a copy of a project's files and activities in CoreData."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from coredata_async.archive import Archive, Archived, Fetched, NotFetched
from coredata_async.cli.connection import client
from coredata_async.cli.failures import exit_code
from coredata_async.cli.fivepm import connection
from coredata_async.cli.fivepm.connection import fivepm_client
from coredata_async.cli.jobs import JobCommand, json_option, report_option
from coredata_async.cli.output import echo_json, say
from coredata_async.cli.parent import check_existence, parent_option, require_parent
from coredata_async.cli.progress import JobOutput, choose_display


@click.command()
@click.argument("project")
@parent_option("Project, Folder or Filespace of CoreData to copy into.")
@click.option(
    "--any-size",
    is_flag=True,
    help="Accept files whose size differs from the one that 5pm states. 5pm may not count bytes.",
)
@json_option
@report_option
def archive(
    *, project: str, parent: str | None, any_size: bool, as_json: bool, reports: tuple[Path, ...]
) -> None:
    """Copy the files and activities of a 5pm project into CoreData, each of them once.

    Creates a folder named after PROJECT and its id, with every file, and all activities as JSON lines and as
    pages. Files pass through a private directory on this disk. Run the same command again to continue after
    any interruption, or later to add what is new in 5pm. Nothing is changed in 5pm.
    """
    into = require_parent(parent)
    conduct = JobCommand(
        watch=JobOutput(choose_display(as_json=as_json), quiet=False), as_json=as_json, reports=reports
    )
    raise click.exceptions.Exit(asyncio.run(_archive(project, into, conduct, check_sizes=not any_size)))


archive.params += connection.options(hidden=True, taken=archive.params)


async def _archive(project: str, parent: str, conduct: JobCommand, *, check_sizes: bool) -> int:
    def report_file(outcome: Fetched | NotFetched) -> None:
        if isinstance(outcome, NotFetched):
            say(f"not fetched: {outcome.name}: {outcome.error}")
        elif conduct.as_json:
            echo_json({"event": "file_fetched", "id": outcome.id, "name": outcome.name, "size": outcome.size})

    async with client() as made, fivepm_client() as pm:
        copying = Archive(pm=pm, client=made, project=project, parent=parent, check_sizes=check_sizes)
        await check_existence(made, parent)
        with copying.lock() as room:
            staged = await copying.stage(room, report_file)
            say(f"{staged.names.folder}: {len(staged.outcomes)} new files in 5pm")
            job = copying.job(room)
            code = await conduct.run(job)
            archived = copying.settle(room, staged, job.report)
    return code or _code(archived)


def _code(archived: Archived) -> int:
    return max((exit_code(each.error) for each in archived.failures), default=0)
