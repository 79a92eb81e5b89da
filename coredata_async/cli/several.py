"""One thing done to several objects at once, each failing alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import click

from coredata_async.cli.complaints import complain
from coredata_async.errors import CoreDataError
from coredata_async.transfer.lanes import abreast

A = TypeVar("A")
B = TypeVar("B")

AT_ONCE: Final = 8


async def several(
    things: Iterable[A], do: Callable[[A], Awaitable[B]], width: int = AT_ONCE
) -> list[B | Exception]:
    """Do it to each, a few at once; results and failures come in the order of the things."""

    async def caught(thing: A) -> B | Exception:
        try:
            return await do(thing)
        except (CoreDataError, OSError) as exc:
            return exc

    return await abreast(list(things), caught, width)


def settle(outcomes: Iterable[object]) -> None:
    """Tell every failure, and exit with the code of the worst."""
    codes = [complain(each) for each in outcomes if isinstance(each, Exception)]
    if codes:
        raise click.exceptions.Exit(max(codes))
