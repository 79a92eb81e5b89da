"""Commands `create`, `update` and `delete` of any resource."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click

from coredata_async.cli.connection import client
from coredata_async.cli.failures import FAILED, exit_on_failures, run_each
from coredata_async.cli.options import Field, collect_values, fields_of
from coredata_async.cli.output import echo_json, people, say
from coredata_async.cli.resources.reading import keys_argument
from coredata_async.cli.resources.resource import ResourceCommand, singular
from coredata_async.client import CoreData


def creator(noun: ResourceCommand) -> click.Command | None:
    """Build `coredata NOUN create`."""
    if noun.new is None:
        return None
    fields = fields_of(noun.new)

    def run(*, as_json: bool, **values: object) -> None:
        made = asyncio.run(_create(noun, client(), collect_values(fields, values)))
        if as_json:
            echo_json({noun.kind.key: made})
        else:
            click.echo(made)

    return click.Command(
        "create",
        callback=run,
        params=[
            *(each.option() for each in fields),
            click.Option(["--json", "as_json"], is_flag=True, help="Print the id as JSON."),
        ],
        help=f"Create a {_one(noun)}, and print its {noun.kind.key}.",
    )


def updater(noun: ResourceCommand) -> click.Command | None:
    """Build `coredata NOUN update`."""
    if noun.edit is None:
        return None
    fields = fields_of(noun.edit, explained_by=noun.new)

    def run(*, key: str, clear: tuple[str, ...], **values: object) -> None:
        changes = collect_values(fields, values)
        asyncio.run(_update(noun, client(), key, with_cleared(changes, clear)))
        say(f"changed {key}")

    return click.Command(
        "update",
        callback=run,
        params=[
            click.Argument(["key"], metavar=noun.kind.key.upper()),
            *(each.option() for each in fields),
            _clear(fields),
        ],
        help=f"Change a {_one(noun)}: only the given fields are sent, and a list replaces the whole list.",
    )


def deleter(noun: ResourceCommand) -> click.Command:
    """Build `coredata NOUN delete`."""

    def run(*, keys: tuple[str, ...], yes: bool) -> None:
        every = tuple(dict.fromkeys(keys))
        what = _one(noun) if len(every) == 1 else noun.many
        if not yes and not confirm(f"Delete {len(every)} {what}: {', '.join(every)}?"):
            say("nothing was deleted")
            raise click.exceptions.Exit(FAILED)
        asyncio.run(_delete(noun, client(), every))

    return click.Command(
        "delete",
        callback=run,
        params=[
            keys_argument(noun),
            click.Option(["--yes", "-y"], is_flag=True, help="Do not ask for confirmation."),
        ],
        help=f"Delete {noun.many}; it is not documented whether they can be restored.",
    )


async def _create(noun: ResourceCommand, made: CoreData, fields: dict[str, Any]) -> str:
    async with made:
        return await noun.service(made).create(**fields)


async def _update(noun: ResourceCommand, made: CoreData, key: str, changes: dict[str, Any]) -> None:
    async with made:
        await noun.service(made).update(key, **changes)


async def _delete(noun: ResourceCommand, made: CoreData, keys: Sequence[str]) -> None:
    async def delete(key: str) -> None:
        await noun.service(made).delete(key)
        say(f"deleted {key}")

    async with made:
        exit_on_failures(await run_each(keys, delete))


def _clear(fields: Sequence[Field]) -> click.Option:
    names = [field.flag.removeprefix("--") for field in fields if field.clearable]
    return click.Option(
        ["--clear"],
        multiple=True,
        metavar="FIELD",
        type=click.Choice(names),
        help=f"Empty a field: {', '.join(names)}.",
    )


def with_cleared(changes: dict[str, Any], clear: Sequence[str]) -> dict[str, Any]:
    """Return the changes with `None` for each field to be cleared.

    Raises:
        UsageError: If a field is both given and cleared, or there is nothing to change.
    """
    cleared = [name.replace("-", "_") for name in clear]
    both = next((name for name in cleared if name in changes), None)
    if both is not None:
        raise click.UsageError(f"{both} cannot be both given and cleared")
    if not changes and not cleared:
        raise click.UsageError("there is nothing to change: give at least one option")
    return {**changes, **dict.fromkeys(cleared)}


def confirm(question: str) -> bool:
    """Ask for confirmation.

    Raises:
        UsageError: If stdin is not a terminal.
    """
    people.print(f"{question} [y/N]", markup=False, soft_wrap=True, end=" ")
    answer = sys.stdin.readline()
    if not answer:
        raise click.UsageError("confirmation is required, but stdin is not a terminal: give --yes")
    return answer.strip().lower() in {"y", "yes"}


def _one(noun: ResourceCommand) -> str:
    return singular(noun.kind).replace("_", " ")
