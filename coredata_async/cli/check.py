"""Command `coredata check`: comparison of a tree with the files on the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import click

from coredata_async.bulk.check.check import WIDTH
from coredata_async.bulk.check.check import check as compare
from coredata_async.bulk.check.compare import Compared, Sample, Symbol
from coredata_async.bulk.formatting import files
from coredata_async.bulk.options import Policy, Rule, Selection
from coredata_async.cli import connection
from coredata_async.cli.connection import client, parent_option, require_parent
from coredata_async.cli.options import value
from coredata_async.cli.output import echo_json, printable, say
from coredata_async.cli.upload_options import OPTIONS, Ordered
from coredata_async.client import CoreData
from coredata_async.fields import plain_object

UNREADABLE: Final = 3
DIFFERENT: Final = 4
DUPLICATES: Final = 5

_DESCRIPTIONS: Final[Mapping[Symbol, str]] = {
    "=": "the same",
    "-": "only on the server",
    "+": "only on this machine",
    "*": "different",
    "!": "not compared",
}
_UNUSED_POLICY: Final = frozenset(
    {"existing", "on_change", "empty_dirs", "assume_alone", "dynatype", "contacts", "tags"}
)
_UNUSED_EFFORT: Final = frozenset({"concurrency", "processes", "max_duration", "bwlimit"})


def _sample(text: str) -> Sample:
    try:
        return Sample.of(text)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from None


@click.command(
    cls=Ordered,
    params=[
        *(each for each in OPTIONS if each.name not in _UNUSED_POLICY | _UNUSED_EFFORT),
        *connection.options(hidden=True),
    ],
)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, readable=False)
)
@parent_option("Project, Folder or Filespace to compare with.")
@click.option(
    "--download",
    "sample",
    metavar="N%|n/t",
    type=_sample,
    help="Share of the equal files to download for a comparison of the bytes, or the n-th of t parts. "
    "100% downloads all.",
)
@click.option(
    "--concurrency",
    "width",
    default=WIDTH,
    show_default=True,
    type=click.IntRange(1, 256),
    metavar="N",
    help="Maximum number of files read at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per file.")
@click.option("--quiet", is_flag=True, help="Print only files that are not the same.")
@click.pass_context
def check(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    parent: str | None,
    sample: Sample | None,
    width: int,
    as_json: bool,
    quiet: bool,
    rules: Sequence[Rule],
) -> None:
    """Compare a tree with the files on the server, one by one; nothing is written.

    Prints "= path" if size and digest are the same on both sides, "- path" if the file is only on the
    server, "+ path" if it is only on this machine, "* path" if it differs, "! path" if it could not be
    compared. The PATHs, options and names are those of "coredata upload": after a successful upload,
    everything is the same.

    Exit codes: 0 everything is the same, 4 a file differs or is on one side only, else 5 there are
    duplicate Files or folders, else 3 a file could not be compared.
    """
    parent_id = require_parent(parent)
    made = client()
    found = compare(
        made,
        paths,
        parent=parent_id,
        selection=value(Selection, ctx, rules=rules),
        policy=value(Policy, ctx),
        width=width,
        sample=sample,
        warn=say,
    )
    raise click.exceptions.Exit(asyncio.run(_check(made, found, as_json=as_json, quiet=quiet)))


async def _check(made: CoreData, found: AsyncGenerator[Compared, None], *, as_json: bool, quiet: bool) -> int:
    counts: Counter[Symbol] = Counter()
    twice = 0
    async with made, aclosing(found):
        async for each in found:
            if each.local or not each.duplicates:  # otherwise it was counted with its counterpart
                counts[each.symbol] += 1
            twice += bool(each.duplicates)
            if quiet and each.symbol == "=" and not each.duplicates:
                continue
            if as_json:
                await asyncio.to_thread(echo_json, {"event": "compared", **plain_object(each)})
            else:
                await asyncio.to_thread(click.echo, line(each))
    if as_json:
        echo_json(
            {"event": "checked", "counts": {each: counts[each] for each in _DESCRIPTIONS}, "twice": twice}
        )
    sums = [
        f"{files(counts[each])} {words} ({each})" for each, words in _DESCRIPTIONS.items() if counts[each]
    ]
    say(", ".join([*sums, *([f"{twice:,} duplicate{'s' * (twice > 1)}"] if twice else [])]) or "no files")
    return exit_code(counts, twice)


def line(found: Compared) -> str:
    """Format the result of one file."""
    words = f"  ({found.message})" if found.message else ""
    return printable(f"{found.symbol} {found.path}{words}")


def exit_code(counts: Mapping[Symbol, int], twice: int) -> int:
    """Return the exit code of the worst result: a difference, else a duplicate, else a file not compared."""
    if any(counts.get(each) for each in ("-", "+", "*")):
        return DIFFERENT
    if twice:
        return DUPLICATES
    return UNREADABLE if counts.get("!") else 0
