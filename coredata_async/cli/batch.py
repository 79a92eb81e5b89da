"""One thing done to several objects at once, each failing alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import click

from coredata_async.cli.error_messages import report_error
from coredata_async.errors import CoreDataError
from coredata_async.transfer.workers import map_concurrently

A = TypeVar("A")
B = TypeVar("B")

AT_ONCE: Final = 8


async def run_each(
    things: Iterable[A], do: Callable[[A], Awaitable[B]], width: int = AT_ONCE
) -> list[B | Exception]:
    """Do it to each, a few at once; results and failures come in the order of the things."""

    async def call_catching(thing: A) -> B | Exception:
        try:
            return await do(thing)
        except (CoreDataError, OSError) as exc:
            return exc

    return await map_concurrently(list(things), call_catching, width)


def exit_on_failures(outcomes: Iterable[object]) -> None:
    """Tell every failure, and exit with the code of the worst."""
    codes = [report_error(each) for each in outcomes if isinstance(each, Exception)]
    if codes:
        raise click.exceptions.Exit(max(codes))
