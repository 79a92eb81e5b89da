"""Some things done at once, and what came of them in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def abreast(things: Sequence[A], do: Callable[[A], Awaitable[B]], width: int) -> list[B]:
    """Do it to each, so many at a time. The first that raises ends all.

    Raises:
        Exception: What one of them raised.
    """
    done: dict[int, B] = {}
    queue = iter(enumerate(things))

    async def worker() -> None:
        for at, thing in queue:  # shared on purpose: each worker takes the next
            done[at] = await do(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(width, len(things))):
                group.create_task(worker())
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from None
    return [done[at] for at in range(len(things))]
