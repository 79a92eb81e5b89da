"""Dry run: the actions that a job would take, and their totals; nothing is written anywhere."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import click

from coredata_async.bulk.check.actions import Action, Verb
from coredata_async.bulk.formatting import files, format_bytes
from coredata_async.cli.exits import FAILED
from coredata_async.cli.output import echo_json, printable, say
from coredata_async.cli.plain import plain_object

_REQUESTS: Final[dict[Verb, int]] = {"upload": 3, "version": 3, "folder": 1, "resolve": 2}
"""Minimum number of requests per action."""


async def print_dry_run(actions: AsyncIterator[Action], *, as_json: bool, quiet: bool = False) -> int:
    """Print every action, and return the exit code: failure if an action would fail."""
    counts: Counter[Verb] = Counter()
    sizes: Counter[Verb] = Counter()
    async for action in actions:
        counts[action.verb] += 1
        sizes[action.verb] += action.size
        if as_json:
            await asyncio.to_thread(echo_json, {"event": "action", **plain_object(action)})
        elif not quiet:
            await asyncio.to_thread(click.echo, line(action))
    requests = sum(counts[verb] * each for verb, each in _REQUESTS.items())
    if as_json:
        found = {verb: {"files": counts[verb], "bytes": sizes[verb]} for verb in sorted(counts)}
        echo_json({"event": "plan", "actions": found, "requests": requests})
    sums = ", ".join(
        f"{verb} {files(counts[verb]) if verb != 'folder' else f'{counts[verb]:,}'}"
        + (f" ({format_bytes(sizes[verb])})" if sizes[verb] else "")
        for verb in sorted(counts)
    )
    say(f"dry run: {sums or 'nothing to do'}; at least {requests:,} requests. Nothing was written.")
    return FAILED if counts["fail"] else 0


def line(action: Action) -> str:
    """Format an action in columns."""
    size = "" if action.verb == "folder" else format_bytes(action.size)
    words = f"  ({action.message})" if action.message else ""
    return printable(f"{action.verb:<8}{size:>10}  {action.path}{words}")
