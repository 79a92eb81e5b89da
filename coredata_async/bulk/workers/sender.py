"""Senders of the bytes of files, in this process or in a pool of workers; a file worker decides for them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from attrs import define, evolve, field

from coredata_async.bulk.lease import LENGTH, RENEWAL, Lease, Unlimited
from coredata_async.bulk.limits.budget import lower
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.workers.channel import Message, decode_stored, encode_event, encode_new_file
from coredata_async.bulk.workers.setup import WorkerSetup, encode_setup
from coredata_async.bulk.workers.supervisor import (
    Counts,
    OnReserved,
    Supervisor,
    WorkerHandle,
    WorkerLostError,
)
from coredata_async.fence import read_clock
from coredata_async.secret import Secret
from coredata_async.services.steps import UploadSteps
from coredata_async.transfer.replace import Replacement, Replacer
from coredata_async.transfer.steps import Planned, Registered, Stored, Unsettled
from coredata_async.transfer.uploads import Upload, Uploader
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.files import NewFile

MAX_REASSIGNMENTS: Final = 3
"""Maximum number of workers that a file is given to: if they all end, the file may be the cause."""


class FileSender(Protocol):
    """Steps of an upload, as in `client.files.steps`, in any process. All raise the same errors."""

    async def store(
        self, source: str, *, filename: str, content_type: str, size: int, on_reserved: OnReserved
    ) -> Stored:
        """Reserve a blob and PUT a file. See `UploadSteps.store`.

        Raises:
            SourceError: If the file cannot be read, or has changed.
            TransferError: If the storage refused the file, or the connection broke.
            APIError: If the service refused the request, or was not reached.
            WorkerLostError: If several processes ended during this.
        """
        ...

    async def register(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Send one request to create a File. The intent must be on disk before. See `UploadSteps.register`.

        If the process ends meanwhile, the result is `Unsettled`.
        """
        ...

    async def replace(
        self, source: str, *, filename: str, content_type: str, size: int, file_id: str, snapshot: str | None
    ) -> str:
        """Replace the content of a File, and return the MD5 of the sent bytes. See `Files.replace`.

        Raises:
            WorkerLostError: If the process ended; it is unknown whether the File has the new content.
        """
        ...


class LocalSender(UploadSteps):
    """File sender of this process: the steps of `client.files.steps`, and replacements."""

    def __init__(self, uploader: Uploader) -> None:
        # The job itself logs a lost registration, in its own process and with the path of the file.
        super().__init__(uploader, on_unsettled=lambda _state, _new: None)
        self._replacer = Replacer(uploader)

    async def replace(
        self, source: str, *, filename: str, content_type: str, size: int, file_id: str, snapshot: str | None
    ) -> str:
        """Replace the content of a File. See `FileSender.replace`."""
        content = Upload(source=source, filename=filename, content_type=content_type, size=size)
        replacement = Replacement(file_id=file_id, content=content, snapshot_id=snapshot, via="storage")
        return (await self._replacer.replace(replacement)).digest


def _ignore(*_: object) -> None:
    """Do nothing."""


@define(eq=False, kw_only=True)
class WorkerPool:
    """File sender that uses several processes. All facts that must not be lost stay in this process."""

    setup: WorkerSetup
    processes: int
    limiters: Limiters
    """Limiters of this process; the counts of the workers are added to theirs."""
    on_registered: Callable[[str, str], object] = _ignore
    """Called with the parent and the id of each registered File."""
    on_throttled: Callable[[Exchanged], object] = _ignore
    """Called with each response by which a host throttles all processes."""
    lease: Lease = field(factory=Unlimited)
    """Lease of the job: no worker's lease ends later."""
    _limits: list[float | None] = field(factory=lambda: [None, None], init=False)
    """Requests per second and in flight of each worker."""
    _bwlimit: float | None = field(init=False)
    """Bytes per second of all workers together."""
    _workers: list[WorkerHandle] = field(init=False)
    _busy: list[WorkerHandle] = field(factory=list[WorkerHandle], init=False)
    """Workers that share the bytes per second."""
    _ready: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set while a worker accepts requests."""
    _tried: set[WorkerHandle] = field(factory=set[WorkerHandle], init=False)
    """Workers that have started once, or failed to: files are distributed when all have."""

    def __attrs_post_init__(self) -> None:
        self._bwlimit = self.setup.effort.bwlimit
        self._workers = [
            WorkerHandle(
                on_counts=self._count, on_throttled=self._share_throttle, on_stopped=self.limiters.stop
            )
            for _ in range(self.processes)
        ]

    @property
    def api_width(self) -> int:
        """Maximum number of requests in flight to the service, of all limiters."""
        return self.limiters.api.width + sum(worker.counts.api for worker in self._workers)

    @property
    def storage_width(self) -> int:
        """Maximum number of PUTs in flight, of all limiters."""
        return sum(worker.counts.storage for worker in self._workers)

    @property
    def paused(self) -> str | None:
        """Reason why no request begins now in one of the processes, for people."""
        return self.limiters.paused or next(
            (worker.counts.paused for worker in self._workers if worker.counts.paused), None
        )

    async def work(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep the workers running until this is cancelled.

        Args:
            warn: Called with a message for each worker that has ended.
            on_end: Called with the reason if the workers cannot be kept running.
        """
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                supervisor = Supervisor(worker, self._setup_message, self._lease_end, self._worker_changed)
                group.create_task(supervisor.run(warn, on_end))
            group.create_task(self._renew_leases())

    def record(self, event: Exchanged) -> None:
        """Pass on an exchange that throttles all processes: a `Hook`, called after that of the limiters."""
        if self.limiters.obeyed is event:
            self._pass_on(event, None)
            self.on_throttled(event)

    def learn(self, event: Exchanged) -> None:
        """Adapt all processes to an exchange of another run."""
        self.limiters.learn(event)
        self._pass_on(event, None)

    def set_limits(self, rate: float | None, concurrency: int | None, bytes_per_second: float | None) -> None:
        """Set the limits of each worker, and the bytes per second of all together; None is unlimited."""
        self._limits = [rate, concurrency]
        self._bwlimit = lower(self.setup.effort.bwlimit, bytes_per_second)
        self._busy = []
        for worker in self._workers:
            worker.notify("limits", *self._limits)
            if self._bwlimit is None:
                worker.notify("bwlimit", None)
        if self._bwlimit is not None:
            self._share_bandwidth(self._bwlimit)

    async def store(
        self, source: str, *, filename: str, content_type: str, size: int, on_reserved: OnReserved
    ) -> Stored:
        """Store a file. See `FileSender.store`."""
        # The path as bytes, because it may not be text.
        arguments = [os.fsencode(source), filename, content_type, size]
        plan = Planned(size=size, content_type=content_type, filename=filename)
        for _ in range(MAX_REASSIGNMENTS - 1):
            try:
                return decode_stored(await self._ask("store", *arguments, reserved=on_reserved), plan)
            except WorkerLostError:
                continue
        return decode_stored(await self._ask("store", *arguments, reserved=on_reserved), plan)

    async def register(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """Register a file. See `FileSender.register`."""
        try:
            match await self._ask("register", stored.blob, encode_new_file(new), again):
                case ["registered", str(file_id)]:
                    self.on_registered(new.parent, file_id)
                    return Registered(stored, file_id)
                case [_, str(reason)]:
                    return Unsettled(stored, reason)
                case _:
                    return Unsettled(stored, "a worker process returned an invalid answer")
        except WorkerLostError as exc:  # it is unknown whether the request was sent
            return Unsettled(stored, str(exc))

    async def replace(
        self, source: str, *, filename: str, content_type: str, size: int, file_id: str, snapshot: str | None
    ) -> str:
        """Replace the content of a File. See `FileSender.replace`."""
        path = os.fsencode(source)
        (md5,) = await self._ask("replace", path, filename, content_type, size, file_id, snapshot)
        return str(md5)

    async def _ask(self, verb: str, *args: object, reserved: OnReserved | None = None) -> Any:
        """Send a request to the worker with the fewest calls in flight."""
        while not self._ready.is_set():
            await self._ready.wait()
        worker = min(self._workers, key=_in_flight)
        if not worker.ready.is_set():
            worker = min([worker for worker in self._workers if worker.ready.is_set()], key=_in_flight)
        limit = self._bwlimit
        if limit is not None:
            self._share_bandwidth(limit, worker)
        try:
            return await worker.ask(verb, *args, reserved=reserved)
        finally:
            if limit is not None:
                self._share_bandwidth(limit)

    def _share_bandwidth(self, limit: float, more: WorkerHandle | None = None) -> None:
        """Divide the bytes per second among busy workers: the last large file gets all of them."""
        busy = [worker for worker in self._workers if worker.calls or worker is more]
        if busy != self._busy:
            self._busy = busy
            for worker in busy:
                worker.notify("bwlimit", limit / len(busy))

    def _setup_message(self) -> Secret[Message]:
        effort, limit = self.setup.effort, self._bwlimit
        effort = evolve(effort, bwlimit=limit and limit / self.processes)
        return encode_setup(self.setup.client, self.setup.limits, effort)

    def _lease_end(self) -> float:
        return min(read_clock() + LENGTH, self.lease.until)

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            for worker in self._workers:
                worker.notify("lease", self._lease_end())

    def _worker_changed(self, worker: WorkerHandle) -> None:
        """Record that a worker has started or ended."""
        self._busy = []
        self._tried.add(worker)
        if worker.ready.is_set() and self._limits != [None, None]:
            worker.notify("limits", *self._limits)
        if len(self._tried) == self.processes and any(worker.ready.is_set() for worker in self._workers):
            self._ready.set()
        else:
            self._ready.clear()

    def _count(self, before: Counts, now: Counts) -> None:
        self.limiters.requests += now.requests - before.requests
        self.limiters.budget.repeats += now.retries - before.retries
        self.limiters.throttled += now.throttled - before.throttled
        self.limiters.sent += now.sent - before.sent

    def _share_throttle(self, worker: WorkerHandle, event: Exchanged) -> None:
        self.limiters.learn(event)
        self._pass_on(event, worker)
        self.on_throttled(event)

    def _pass_on(self, event: Exchanged, source: WorkerHandle | None) -> None:
        for worker in self._workers:
            if worker is not source:
                worker.notify("throttled", encode_event(event))


def _in_flight(worker: WorkerHandle) -> int:
    """Return the number of calls in flight."""
    return len(worker.calls)
