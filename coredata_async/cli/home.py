"""Commands `coredata whoami` and `coredata recent`: the user of the key and the user's recent projects."""

from __future__ import annotations

import asyncio

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import client
from coredata_async.cli.help_text import first_line
from coredata_async.cli.output import Details, Lines, Rows
from coredata_async.cli.resources.reading import show
from coredata_async.cli.resources.resource import nouns
from coredata_async.client import CoreData


@click.command(params=connection.options(hidden=True), help=first_line(CoreData.me))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def whoami(*, as_json: bool) -> None:
    """Show the user that the key belongs to."""
    me = asyncio.run(_me(client()))
    (Lines() if as_json else Details()).add(me)


@click.command(params=connection.options(hidden=True), help=first_line(CoreData.recent_projects))
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def recent(*, as_json: bool) -> None:
    """List the most recently visited projects."""
    asyncio.run(_recent(client(), as_json=as_json))


async def _me(made: CoreData) -> object:
    async with made:
        return await made.me()


async def _recent(made: CoreData, *, as_json: bool) -> None:
    async with made:
        await show(made.recent_projects(), Lines() if as_json else Rows(nouns()["projects"].columns))
