"""Concurrent uploads: workers over one shared iterator, outcomes in the order of completion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from os import PathLike
from types import TracebackType
from typing import Generic, Self, TypeVar

from attrs import evolve

from coredata_async.cancellation import is_cancelled
from coredata_async.errors import ConfigurationError, CoreDataError, OutcomeUnknownError
from coredata_async.storage.sources import Source, label
from coredata_async.transfer.outcomes import Failed, OnProgress, Outcome, Unknown
from coredata_async.transfer.uploads import Upload, Uploader, Via

T = TypeVar("T")

Sources = Iterable[Source | Upload] | AsyncIterable[Source | Upload]
"""Input of `upload_many`: sources, or `Upload`s with their own options, from any kind of iterable."""


class Uploads:
    """Uploads in flight: `async with … as outcomes: async for outcome in outcomes`.

    A source that fails does not stop the others: it becomes a `Failed`. Leaving the `async with` early
    cancels the uploads in flight. Memory: one file per worker, and the outcomes that were not consumed yet,
    at most as many as there are workers: a slow consumer slows the uploads down.
    """

    def __init__(
        self,
        uploader: Uploader,
        sources: Sources,
        defaults: Upload,
        *,
        workers: int,
        via: Via,
        verify: bool,
        progress: OnProgress | None,
    ) -> None:
        if isinstance(sources, str | bytes | PathLike):
            raise TypeError("upload_many takes an iterable of sources: put a single one in a list")
        if workers < 1:
            raise ConfigurationError(f"concurrency must be 1 or more, not {workers}")
        self._uploader = uploader
        self._sources = sources
        self._defaults = defaults
        self._workers = workers
        self._via: Via = via
        self._verify = verify
        self._progress = progress
        self._outcomes: asyncio.Queue[Outcome | Exception | None] = asyncio.Queue(workers)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # The group lives in its own task: it must not be left open across a yield (PEP 789).
        self._running = asyncio.create_task(self._run(), name="coredata-upload-many")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            try:
                await asyncio.wait({self._running})
            finally:
                if self._outcomes.empty():
                    self._outcomes.put_nowait(None)  # for a task that still waits for outcomes

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        """Return the next outcome, in the order of completion.

        Raises:
            Exception: The exception that the iterable of sources raised.
        """
        if self._running is None:
            raise RuntimeError("open it first: `async with client.files.upload_many(…) as outcomes:`")
        if self._running.done() and self._outcomes.empty():
            raise StopAsyncIteration
        outcome = await self._outcomes.get()
        if outcome is None:
            self._outcomes.put_nowait(None)  # for other tasks that iterate
            raise StopAsyncIteration
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _run(self) -> None:
        sources: _Shared[Source | Upload] = _Shared(self._sources)
        with self._uploader.driver.observe("upload_many"):
            await _run_workers(sources, self._work, self._workers)
        if sources.failure is not None:
            await self._outcomes.put(sources.failure)
        await self._outcomes.put(None)

    async def _work(self, item: Source | Upload) -> None:
        await self._outcomes.put(await self._outcome(item))

    async def _outcome(self, item: Source | Upload) -> Outcome:
        wanted = self._upload_request(item)
        try:
            return await self._uploader.upload(
                wanted, via=self._via, verify=self._verify, progress=self._progress
            )
        except OutcomeUnknownError as exc:
            return Unknown(source=wanted.source, error=exc)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            error = CoreDataError(
                f"{label(wanted.source)}: the progress callback ended with a cancellation of its own, "
                "because a task that it awaits was cancelled"
            )
            return Failed(source=wanted.source, error=error)
        except Exception as exc:  # noqa: BLE001  # one bad file must not stop the rest
            return Failed(source=wanted.source, error=exc)

    def _upload_request(self, item: Source | Upload) -> Upload:
        usual = self._defaults
        if not isinstance(item, Upload):
            return Upload(
                source=item,
                parent=usual.parent,
                dynatype=usual.dynatype,
                contacts=usual.contacts,
                tags=usual.tags,
                spool=usual.spool,
            )
        return item if item.parent is not None else evolve(item, parent=usual.parent)


class _Shared(Generic[T]):
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


async def _run_workers(things: _Shared[T], work: Callable[[T], Awaitable[None]], width: int) -> None:
    """Process all items, `width` concurrently. An exception of `work` ends all workers."""

    async def worker() -> None:
        async for thing in things:  # shared on purpose: each worker takes the next item
            await work(thing)

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(worker())
