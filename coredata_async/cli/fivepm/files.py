"""Commands for files of 5pm: `activity attach` and `download`, and `archive`, which copies a project."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from coredata_async.archive import Archive, Archived, Fetched, NotFetched
from coredata_async.cli.connection import check_existence, client, parent_option, require_parent
from coredata_async.cli.download import destination, distinct, naming_file
from coredata_async.cli.failures import exit_code, exit_on_failures, run_each
from coredata_async.cli.fivepm import connection
from coredata_async.cli.fivepm.connection import fivepm_client
from coredata_async.cli.fivepm.methods import method_of
from coredata_async.cli.jobs import JobCommand, json_option, report_option
from coredata_async.cli.output import echo_json, printable, say
from coredata_async.cli.progress import JobOutput, choose_display
from coredata_async.errors import CoreDataError
from coredata_async.fivepm.method import Method
from coredata_async.storage.filenames import safe_filename


def attacher(row: Method) -> click.Command:
    """Build the command that attaches files."""

    def run(*, key: str, paths: tuple[str, ...]) -> None:
        asyncio.run(_attach(row, key, [Path(each) for each in paths]))

    return click.Command(
        None,
        callback=run,
        params=[
            click.Argument(["key"], metavar="ACTIVITY_ID"),
            click.Argument(
                ["paths"],
                metavar="FILE...",
                nargs=-1,
                required=True,
                type=click.Path(exists=True, dir_okay=False, readable=False),
            ),
        ],
        help="Attach files to an activity; 5pm accepts 125 MB per file.",
    )


def downloader(row: Method) -> click.Command:
    """Build the command that downloads files."""

    def run(*, keys: tuple[str, ...], output: str | None, wrapping: str, force: bool, as_json: bool) -> None:
        every = tuple(dict.fromkeys(keys))
        asyncio.run(_download(row, every, output, wrapping=wrapping, force=force, as_json=as_json))

    return click.Command(
        None,
        callback=run,
        params=[
            click.Argument(["keys"], metavar="FILE_ID...", nargs=-1, required=True),
            click.Option(
                ["-o", "--output"],
                metavar="DEST",
                help="Folder, created if the name ends in a slash or there are several files; or a "
                "file name. Default: the current folder.",
            ),
            click.Option(
                ["--wrapping"],
                type=click.Choice(["auto", "raw", "envelope"]),
                default="auto",
                help="Encoding of the response, which is not documented. Default: recognised from the "
                "first bytes.",
            ),
            click.Option(["--force"], is_flag=True, help="Overwrite existing files."),
            click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON line per saved file."),
        ],
        help="Download files, each under the name that the service sends, or else under its id.",
    )


async def _attach(row: Method, key: str, paths: Sequence[Path]) -> None:
    async with fivepm_client() as pm:
        await method_of(pm, row)(key, paths)
    say(f"attached {len(paths)} to {key}")


async def _download(
    row: Method, keys: Sequence[str], output: str | None, *, wrapping: str, force: bool, as_json: bool
) -> None:
    folder, name = destination(output, several_files=len(keys) > 1)
    taken: list[str] = []

    async with fivepm_client() as pm:
        method = method_of(pm, row)

        async def save(key: str) -> None:
            async with method(key, wrapping=wrapping) as body:
                taken.append(name or safe_filename(body.filename or "", f"5pm {key}"))
                path = folder / distinct(taken)[-1]
                with naming_file(f"file {key}", path):
                    if path.exists() and not force:
                        raise CoreDataError(
                            f"file {key} was not saved, because {path} exists: --force overwrites it"
                        )
                    await body.save(path, overwrite=force)
                    size = path.stat().st_size
            if as_json:
                echo_json({"id": key, "path": str(path), "size": size})
            else:
                click.echo(printable(f"{key} → {path}"))

        exit_on_failures(await run_each(keys, save))


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
        with copying.lock() as workspace:
            staged = await copying.stage(workspace, report_file)
            say(f"{staged.names.folder}: {len(staged.outcomes)} new files in 5pm")
            job = copying.job(workspace)
            code = await conduct.run(job)
            archived = copying.settle(workspace, staged, job.report)
    for each in archived.failures:
        if each not in staged.outcomes:
            report_file(each)
    return code or _code(archived)


def _code(archived: Archived) -> int:
    return max((exit_code(each.error) for each in archived.failures), default=0)
