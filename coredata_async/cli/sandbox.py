"""`coredata sandbox`: a CoreData to develop against, on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from coredata_async.cli.console import say
from coredata_async.cli.process import sandbox_process
from coredata_async.sandbox.watchful import watchful


@click.command()
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the stored bytes; a temporary one by default.",
)
def sandbox(port: int, data: Path | None) -> None:
    """Serve a CoreData, and a 5pm, to develop against, until Ctrl-C.

    Prints the environment variables that point a program at it, ready for `eval`.
    """
    asyncio.run(_serve(port, data))


async def _serve(port: int, data: Path | None) -> None:
    async with sandbox_process(port=port, data=data) as (running, box):
        for name, value in (
            ("COREDATA_BASE_URL", box.url),
            ("COREDATA_API_USER", box.api_user),
            ("COREDATA_API_KEY", box.api_key),
            ("FIVEPM_URL", box.fivepm_url),
            ("FIVEPM_LOGIN", box.fivepm_login),
            ("FIVEPM_PASSWORD", box.fivepm_password),
        ):
            click.echo(f"export {name}={value}")
        say(f"A sandbox is listening at {box.url}; space {box.space}, project {box.project}. Ctrl-C ends it.")
        async with watchful():
            await running.wait()
