"""Command `coredata sandbox`: a local CoreData for development, in the foreground or background."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import click

from coredata_async.cli import background as behind
from coredata_async.cli.output import say
from coredata_async.cli.sandbox_process import Manner, SandboxAddress, sandbox_process
from coredata_async.errors import ConfigurationError
from coredata_async.sandbox.signals import poll_signals


@click.command()
@click.option(
    "--port",
    default=0,
    show_default="any free one",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Port on 127.0.0.1.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the stored bytes. Default: a temporary one.",
)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    metavar="TITLE",
    help="Title of a Space to create; the first one gets a project. Default: Sandbox. [repeatable]",
)
@click.option(
    "--range-includes-ends",
    is_flag=True,
    help="Include both ends in filters such as --created-range. The vendor's page excludes them.",
)
@click.option("--background", is_flag=True, help="Start it, print its variables, and leave it running.")
@click.option("--stop", is_flag=True, help="Stop the sandboxes in the background, or the one at --port.")
def sandbox(
    *,
    port: int,
    data: Path | None,
    spaces: tuple[str, ...],
    range_includes_ends: bool,
    background: bool,
    stop: bool,
) -> None:
    """Serve a CoreData and a 5pm for development, until Ctrl-C or --stop.

    Prints the environment variables that direct a program to it. With --background it continues to run:

        eval "$(coredata sandbox --background)"

    The variables include COREDATA_PARENT, the id of a project that is ready for uploads. If a sandbox
    already runs in the background, its variables are printed again.
    """
    manner = Manner(port=port, data=data, spaces=spaces, range_includes_ends=range_includes_ends)
    if stop and (background or manner != Manner(port=port)):
        raise click.UsageError("--stop can be combined with --port only")
    if stop:
        _stop(port)
    elif background:
        _start(manner)
    else:
        asyncio.run(_serve(manner))


async def _serve(manner: Manner) -> None:
    async with sandbox_process(manner) as (running, box):
        _print(box)
        say(
            f"A sandbox is listening at {box.url}; space {box.space}, project {box.project}. Ctrl-C stops it."
        )
        async with poll_signals():
            await running.wait()


def _start(manner: Manner) -> None:
    running = behind.records(manner.port)
    if running and manner != Manner(port=manner.port):
        raise ConfigurationError(
            f"a sandbox with other options is already in the background at {running[0].box.url}; stop "
            "it with `coredata sandbox --stop`, or give another --port"
        )
    record = running[0] if running else behind.start(manner)
    _print(record.box)
    already = "already " if running else ""
    say(
        f"A sandbox is {already}in the background at {record.box.url} (process {record.pid}). "
        "`coredata sandbox --stop` stops it."
    )


def _stop(port: int) -> None:
    running = behind.records(port)
    for record in running:
        behind.stop(record)
        say(f"stopped the sandbox at {record.box.url}")
    if not running:
        say("no sandbox is in the background" + (f" at port {port}" if port else ""))


def _print(box: SandboxAddress) -> None:
    for name, value in box.variables().items():
        click.echo(f"export {name}={shlex.quote(value)}")
