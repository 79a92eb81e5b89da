"""Commands that read: `list` and `get` of any resource, `whoami` and `recent`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import client
from coredata_async.cli.failures import exit_on_failures, run_each
from coredata_async.cli.help_text import evidence_note, filter_help
from coredata_async.cli.options import Field, collect_values, fields_of
from coredata_async.cli.output import Details, Lines, Renderer, Rows, sink
from coredata_async.cli.resources.resource import ResourceCommand, fields_option, nouns
from coredata_async.client import CoreData
from coredata_async.listing import Listing
from coredata_async.wire.resource import Paging

PAGING: Final = {attribute.name for attribute in fields_of(Paging)}


class RangeCommand(click.Command):
    """Command whose options for pairs accept `A,B` and `A B` alike."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the two arguments of a pair."""
        pairs = {flag for each in self.params if each.metavar == "FROM,TO" for flag in each.opts}
        joined: list[str] = []
        rest = iter(args)
        for word in rest:
            flag, is_one, value = word.partition("=")
            if flag not in pairs:
                joined.append(word)
                continue
            start = value if is_one else next(rest, "")
            joined.append(f"{flag}={start if ',' in start else ','.join((start, next(rest, '')))}")
        return super().parse_args(ctx, joined)


def lister(noun: ResourceCommand) -> click.Command:
    """Build `coredata NOUN list`."""
    fields = fields_of(noun.kind.where, describe=filter_help)
    owners = noun.parents()

    def run(*, limit: int | None, fields_: list[str], as_json: bool, **values: str | None) -> None:
        wanted = collect_values(fields, values)
        inside = {name: key for name in owners if (key := values.get(name)) is not None}
        if limit is not None and "page_size" not in wanted:
            wanted["page_size"] = min(limit, Paging().page_size or limit)
        into = sink(as_json=as_json, fields=fields_, otherwise=Rows(noun.columns))
        _alone(inside, wanted)
        made = client()
        asyncio.run(_list(made, _listing(noun, made, inside, wanted), into, limit))

    return RangeCommand(
        "list",
        callback=run,
        params=[
            *(each.option() for each in fields),
            *_parent_options(noun, fields),
            *shape(noun.kind.model),
            limit_option(),
        ],
        help=f"List {noun.many}.",
    )


def getter(noun: ResourceCommand) -> click.Command:
    """Build `coredata NOUN get`."""

    def run(*, keys: tuple[str, ...], fields_: list[str], as_json: bool) -> None:
        into = sink(as_json=as_json, fields=fields_, otherwise=Details())
        asyncio.run(_get(noun, client(), keys, into))

    return click.Command(
        "get",
        callback=run,
        params=[keys_argument(noun), *shape(noun.kind.model)],
        help=f"Show {noun.many}, each by its {noun.kind.key}.",
    )


def keys_argument(noun: ResourceCommand) -> click.Argument:
    """Build the argument for one or more ids."""
    return click.Argument(["keys"], nargs=-1, required=True, metavar=f"{noun.kind.key.upper()}...")


async def show(listing: Listing[Any], into: Renderer, limit: int | None = None) -> None:
    """Show a listing as it arrives."""
    count = 0
    async with aclosing(listing.pages(prefetch=2 if limit is None else 0)) as pages:
        async for page in pages:
            for item in page.items if limit is None else page.items[: limit - count]:
                into.add(item)
                count += 1
            if count == limit:
                break
    into.close()


async def _list(made: CoreData, listing: Listing[Any], into: Renderer, limit: int | None) -> None:
    async with made:
        await show(listing, into, limit)


def _listing(
    noun: ResourceCommand, made: CoreData, inside: dict[str, str], wanted: dict[str, Any]
) -> Listing[Any]:
    if not inside:
        return noun.service(made).list(**wanted)
    ((option, key),) = inside.items()
    owner, _ = noun.parents()[option]
    listing: Listing[Any] = getattr(getattr(made, owner), noun.name)(key, **wanted)
    return listing


async def _get(noun: ResourceCommand, made: CoreData, keys: Sequence[str], into: Renderer) -> None:
    async with made:
        found = await run_each(keys, noun.service(made).get)
    for each in found:
        if not isinstance(each, Exception):
            into.add(each)
    if any(not isinstance(each, Exception) for each in found):
        into.close()
    exit_on_failures(found)


def _alone(inside: dict[str, str], wanted: dict[str, Any]) -> None:
    """Reject filters together with an owner, because the service does not filter such listings."""
    others = [*inside, *(name for name in wanted if name not in PAGING)]
    if inside and len(others) > 1:
        raise click.UsageError(
            f"--{next(iter(inside))} cannot be combined with another filter, because the service does "
            "not filter that list"
        )


def _parent_options(noun: ResourceCommand, fields: Sequence[Field]) -> list[click.Option]:
    taken = {field.name for field in fields}
    return [
        click.Option(
            [f"--{name.replace('_', '-')}", name],
            metavar="ID",
            help=f"Only those of this {name.replace('_', ' ')}, without other filters."
            + (f" [{nested.proof.evidence}]" if evidence_note(nested.proof.evidence) else ""),
        )
        for name, (_, nested) in noun.parents().items()
        if name not in taken
    ]


def shape(model: type[object] | None) -> list[click.Option]:
    """Declare the options that select the fields and the format of the output."""
    return [
        fields_option(model),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON lines."),
    ]


def limit_option() -> click.Option:
    """Declare the option for the number of objects to show."""
    return click.Option(["--limit"], type=click.IntRange(1), metavar="N", help="Maximum number of objects.")


@click.command(params=connection.options(hidden=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def whoami(*, as_json: bool) -> None:
    """Show the user that the key belongs to."""
    me = asyncio.run(_me(client()))
    (Lines() if as_json else Details()).add(me)


@click.command(params=connection.options(hidden=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def recent(*, as_json: bool) -> None:
    """List the last ten projects that the current user visited, as recorded by the service."""
    asyncio.run(_recent(client(), as_json=as_json))


async def _me(made: CoreData) -> object:
    async with made:
        return await made.me()


async def _recent(made: CoreData, *, as_json: bool) -> None:
    async with made:
        await show(made.recent_projects(), Lines() if as_json else Rows(nouns()["projects"].columns))
