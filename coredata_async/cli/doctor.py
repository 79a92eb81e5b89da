"""Command `coredata doctor`: the real behaviour of a server, and its consequences for uploads."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import check_existence, check_form, client
from coredata_async.cli.failures import UNUSABLE
from coredata_async.cli.output import Lines, Renderer, Rows, say
from coredata_async.client import CoreData
from coredata_async.doctor import Finding, Level, examine

COLUMNS: Final = ("level", "question", "answer", "detail")


@click.command(params=connection.options(hidden=True))
@click.option(
    "--parent", metavar="ID", help="Parent of the folder for experiments. Without it, nothing is written."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per answer.")
def doctor(*, parent: str | None, as_json: bool) -> None:
    """Find out the behaviour of this server where it is not documented.

    Each answer is ok, a note, a risk, or unknown, with its consequence for uploads. Without --parent, the
    command only reads. With it, the command creates a folder below the parent, experiments in it, and
    deletes it again. Exits with 0, or with 6 if a key is refused.
    """
    if parent is not None:
        check_form(parent)
    into = Lines() if as_json else Rows(COLUMNS)
    raise click.exceptions.Exit(asyncio.run(_doctor(client(), parent, into)))


async def _doctor(made: CoreData, parent: str | None, into: Renderer) -> int:
    code, answers = 0, 0
    try:
        async with made:
            if parent is not None:
                await check_existence(made, parent)
            async with aclosing(examine(made, parent, warn=say)) as findings:
                async for finding in findings:
                    into.add(finding)
                    answers += 1
                    if _is_refusal(finding):
                        code = UNUSABLE
    finally:
        if answers:
            into.close()  # results from before an interruption are useful, too
    return code


def _is_refusal(finding: Finding) -> bool:
    return finding.name.startswith("auth-") and finding.level is Level.RISK
