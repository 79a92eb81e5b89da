"""Commands `coredata 5pm activity attach` and `download`: files to an activity, and from one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from coredata_async.cli.download import destination
from coredata_async.cli.failures import exit_on_failures, run_each
from coredata_async.cli.fivepm.connection import fivepm_client
from coredata_async.cli.fivepm.methods import method_of
from coredata_async.cli.naming import distinct, safe
from coredata_async.cli.output import echo_json, printable, say
from coredata_async.errors import CoreDataError
from coredata_async.fivepm.method import Method


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
                "file name.",
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
                taken.append(name or safe(body.filename or "", f"5pm {key}"))
                path = folder / distinct(taken)[-1]
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
