"""Workers over one shared iterator, each taking one item through all its steps."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Any, Generic, Self, TypeVar

from coredata_async.errors import CoreDataError

T = TypeVar("T")
R = TypeVar("R")


async def run_workers(things: Shared[T], work: Callable[[T], Awaitable[None]], width: int) -> None:
    """Process all items, `width` concurrently. An exception of `work` ends all workers."""

    async def worker() -> None:
        async for thing in things:  # shared on purpose: each worker takes the next item
            await work(thing)

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(worker())


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


class Shared(Generic[T]):
    """One iterator for many workers.

    A lock serialises them, because an async generator allows one caller at a time.

    Its exception ends it for all workers and is kept, so that work in flight is not cancelled.
    """

    def __init__(self, things: Iterable[T] | AsyncIterable[T]) -> None:
        self.failure: Exception | None = None
        self._lock = asyncio.Lock()
        self._things = things
        self._items: Iterator[T] | AsyncIterator[T] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        async with self._lock:
            if self.failure is not None:
                raise StopAsyncIteration
            try:
                return await self._next()
            except StopAsyncIteration:
                raise
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                self.failure = CoreDataError(
                    "the iterable ended with a cancellation of its own, because a task that it awaits was "
                    "cancelled; the items after it were not processed"
                )
            except Exception as exc:  # noqa: BLE001  # raised again where the outcomes are consumed
                self.failure = exc
            raise StopAsyncIteration

    async def _next(self) -> T:
        if self._items is None:
            many = self._things
            self._items = aiter(many) if isinstance(many, AsyncIterable) else iter(many)
        if isinstance(self._items, AsyncIterator):
            return await anext(self._items)
        for item in self._items:
            return item
        raise StopAsyncIteration


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled, and not only a task that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def start_in(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Start a task, unless a failure of another one is ending the group; its error would hide the failure."""
    try:
        return group.create_task(work)
    except RuntimeError:
        work.close()
        return None
