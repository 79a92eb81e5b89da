"""Concurrent work: one call for each item, a few at a time, and tasks in a group that may be ending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def map_concurrently(things: Sequence[T], do: Callable[[T], Awaitable[R]], width: int) -> list[R]:
    """Apply a function to each item, at most `width` concurrently. The first exception ends all.

    Raises:
        Exception: The exception that a call raised.
    """
    done: dict[int, R] = {}
    queue = iter(enumerate(things))

    async def worker() -> None:
        for at, thing in queue:  # shared on purpose: each worker takes the next item
            done[at] = await do(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(width, len(things))):
                group.create_task(worker())
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from None
    return [done[at] for at in range(len(things))]


def start_in(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Start a task, unless a failure of another one is ending the group; its error would hide the failure."""
    try:
        return group.create_task(work)
    except RuntimeError:
        work.close()
        return None
