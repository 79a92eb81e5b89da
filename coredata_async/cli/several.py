"""One thing done to several objects at once, each failing alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import click

from coredata_async.cli.console import say
from coredata_async.cli.exits import exit_code
from coredata_async.errors import CoreDataError

A = TypeVar("A")
B = TypeVar("B")

AT_ONCE: Final = 8


async def several(
    things: Iterable[A], do: Callable[[A], Awaitable[B]], width: int = AT_ONCE
) -> list[B | Exception]:
    """Do it to each, a few at once; results and failures come in the order of the things."""
    every = list(things)
    queue = iter(enumerate(every))
    done: dict[int, B | Exception] = {}

    async def worker() -> None:
        for at, thing in queue:  # shared on purpose: each worker takes the next
            try:
                done[at] = await do(thing)
            except (CoreDataError, OSError) as exc:
                done[at] = exc

    async with asyncio.TaskGroup() as group:
        for _ in range(min(width, len(every))):
            group.create_task(worker())
    return [done[at] for at in range(len(every))]


def settle(outcomes: Iterable[object]) -> None:
    """Tell every failure, and exit with the code of the worst."""
    failures = [each for each in outcomes if isinstance(each, Exception)]
    for failure in failures:
        say(f"coredata: {failure}")
    if failures:
        raise click.exceptions.Exit(max(exit_code(failure) for failure in failures))
