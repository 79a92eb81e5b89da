"""One action on several objects concurrently; each object fails alone."""

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
    """Apply an action to each object, a few at a time, and return results and exceptions in their order."""

    async def call_catching(thing: A) -> B | Exception:
        try:
            return await do(thing)
        except (CoreDataError, OSError) as exc:
            return exc

    return await map_concurrently(list(things), call_catching, width)


def exit_on_failures(outcomes: Iterable[object]) -> None:
    """Report every failure, and exit with the code of the most severe."""
    codes = [report_error(each) for each in outcomes if isinstance(each, Exception)]
    if codes:
        raise click.exceptions.Exit(max(codes))
