"""Upload of one source as one File, through the storage or in one request."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import lru_cache
from inspect import isawaitable
from types import TracebackType
from typing import Literal

from attrs import define, evolve, field, frozen

from coredata_async.call import perform
from coredata_async.errors import APIError, ChecksumMismatchError, ConfigurationError, Stage
from coredata_async.ids import Id
from coredata_async.resources.files import FILES
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import PreparedSource, Source, label, name_of, prepare, prepare_static
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.drive import Driver
from coredata_async.transfer.outcomes import OnProgress, Progress, Uploaded
from coredata_async.transfer.steps import Planned, Reserved, State, Stored
from coredata_async.wire import calls
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")

Via = Literal["storage", "api"]
OnReserved = Callable[[str, datetime | None], Awaitable[None] | None]
"""Called with each blob name before bytes are sent to it, and the time of its reservation, if known; awaited
if it is asynchronous."""


@frozen(kw_only=True)
class Upload:
    """One upload: an item of `upload_many` with its own options."""

    source: Source = field(repr=label)
    parent: Id | None = None
    """Id of a Project, Folder or Filespace, or the object itself."""
    filename: str | None = None
    """Defaults to the name of the path or file."""
    title: str | None = None
    """Defaults to the file name without its suffix."""
    content_type: str | None = None
    """Defaults to the type for the suffix of the file name, else `application/octet-stream`."""
    size: int | None = None
    """Length in bytes. A stream of known size is sent while it is read."""
    spool: SpoolMode = "auto"
    """See `services.files.Files.upload`."""
    dynatype: str | None = None
    """Name of a dynatype; the server's default is `File`."""
    contacts: Sequence[Id] = ()
    """Ids, or the contacts themselves; they need a dynatype other than `File`."""
    tags: Sequence[str] = ()

    def file_name(self) -> str:
        """Return the file name.

        Raises:
            ConfigurationError: If it is unknown.
        """
        name = self.filename if self.filename is not None else name_of(self.source)
        if not name:
            raise ConfigurationError(f"{label(self.source)} has no name of its own; pass filename=")
        return name

    def mime_type(self) -> str:
        """Return the Content-Type to declare."""
        name = self.filename or name_of(self.source) or ""
        return self.content_type or mime_type_of(name)

    def plan(self, size: int, filename: str) -> Planned:
        """Return the first state of the upload."""
        return Planned(size=size, content_type=self.content_type or mime_type_of(filename), filename=filename)

    def new(self) -> NewFile:
        """Return the File to create."""
        name = self.file_name()
        if self.parent is None:
            raise ConfigurationError(f"{name}: pass parent=, the id of a Project, Folder or Filespace")
        return NewFile(
            filename=name,
            title=self.title if self.title is not None else os.path.splitext(name)[0] or name,  # noqa: PTH122
            parent=self.parent,
            dynatype=self.dynatype,
            contacts=self.contacts,
            tags=self.tags,
        )


@frozen
class ProgressReporter:
    """Calls the caller's progress callback, if there is one."""

    source: Source = field(repr=label)
    total: int
    progress: OnProgress | None

    async def stage(self, state: State) -> None:
        """Report that a stage begins."""
        match state:
            case Planned():
                await self._report("reserve", 0)
            case Reserved():
                await self._report("put", 0)
            case _:
                await self._report("register", self.total)

    async def add(self, count: int) -> None:
        """Report the number of bytes sent."""
        await self._report("put", count)

    async def _report(self, stage: Stage, sent: int) -> None:
        if self.progress is None:
            return
        name = label(self.source)
        pending = self.progress(Progress(name=name, stage=stage, sent=sent, total=self.total))
        if isawaitable(pending):
            await pending


@define
class SourceLease:
    """Context manager of an open source: `async with SourceLease(…) as (source, reporter)`.

    A class, because two nested generators took 10 us more, 4 % of our own share of a small file, and a file
    that is held in memory leaves nothing to close.
    """

    source: Source
    size: int | None
    progress: OnProgress | None
    streams: asyncio.Semaphore
    """`Limits.uploads`: for bodies that are too large to hold in memory."""
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""
    spool: SpoolMode = "auto"
    _held: AsyncExitStack | None = field(default=None, init=False)

    async def __aenter__(self) -> tuple[PreparedSource, ProgressReporter]:
        """Prepare the source.

        Raises:
            SourceError: If it does not exist, cannot be read, or yields something other than bytes.
            TypeError: If it is a file in text mode, or not a source.
        """
        await self.open_files.acquire()
        try:
            source = await prepare_static(self.source, self.size)
            if source is None or isinstance(source.body, Streamed):
                source = await self._prepare_stream(source)
        except BaseException:
            self.open_files.release()
            raise
        reporter = ProgressReporter(self.source, source.size, self.progress)
        if self.progress is not None and isinstance(source.body, Streamed):
            source.body.on_sent = reporter.add
        return source, reporter

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source, and release the slots."""
        try:
            if self._held is not None:
                await self._held.__aexit__(kind, exc, trace)
        finally:
            self.open_files.release()

    async def _prepare_stream(self, source: PreparedSource | None) -> PreparedSource:
        async with AsyncExitStack() as stack:
            if source is None:
                source = await stack.enter_async_context(prepare(self.source, self.size, self.spool))
            if isinstance(source.body, Streamed):
                await stack.enter_async_context(self.streams)
            self._held = stack.pop_all()
        return source


@frozen
class Uploader:
    """Uploads single sources; all kinds of uploads use it."""

    driver: Driver
    streams: asyncio.Semaphore
    """`Limits.uploads`."""
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""

    async def upload(
        self, wanted: Upload, *, via: Via = "storage", verify: bool = True, progress: OnProgress | None = None
    ) -> Uploaded:
        """Upload a source. See `services.files.Files.upload`."""
        new = wanted.new()
        if via not in {"storage", "api"}:
            raise ConfigurationError(f"via must be 'storage' or 'api', not {via!r}")
        send = self._by_storage if via == "storage" else self._in_one_request
        with self.driver.observe("upload") as operation:
            done = await send(wanted, new, progress)
            operation.size = done.size
            return done if done.verified or not verify else await self._verify(done)

    async def _by_storage(self, wanted: Upload, new: NewFile, progress: OnProgress | None) -> Uploaded:
        async with self.open_source(wanted, progress) as (source, reporter):
            stage = None if progress is None else reporter.stage
            plan = wanted.plan(source.size, new.filename)
            stored = await self.driver.storer.store(plan, source, stage)
        registered = await self.driver.register(stored, new, stage)
        return Uploaded(
            source=wanted.source,
            file_id=registered.file_id,
            filename=new.filename,
            size=plan.size,
            digest=stored.md5,
            blob_name=stored.blob,
            verified=stored.etag is not None,
        )

    async def _in_one_request(self, wanted: Upload, new: NewFile, progress: OnProgress | None) -> Uploaded:
        from coredata_async.transfer.form_upload import upload_form  # noqa: PLC0415  # few programs use it

        lease, content_type = self.open_source(wanted, progress), wanted.mime_type()
        return await upload_form(self.driver.api, lease, new, content_type)

    async def store(
        self, wanted: Upload, on_reserved: OnReserved | None, progress: OnProgress | None
    ) -> Stored:
        """Store a source without registering it. See `services.steps.UploadSteps.store`."""
        async with self.open_source(wanted, progress) as (source, reporter):

            async def note(state: State) -> None:
                if on_reserved is not None and isinstance(state, Reserved):
                    pending = on_reserved(state.blob, state.since)
                    if pending is not None:
                        await pending
                await reporter.stage(state)

            plan = wanted.plan(source.size, wanted.file_name())
            return await self.driver.storer.store(plan, source, note)

    def open_source(self, wanted: Upload, progress: OnProgress | None) -> SourceLease:
        """Return a lease that prepares the source within the client's `Limits`."""
        return SourceLease(
            wanted.source, wanted.size, progress, self.streams, self.open_files, spool=wanted.spool
        )

    async def _verify(self, done: Uploaded) -> Uploaded:
        """Compare the upload with the File that the service returns, as far as it has size and digest."""
        try:
            file = await perform(self.driver.api, calls.get(FILES, done.file_id))
        except Exception as exc:  # noqa: BLE001  # the File exists: a failure would cause a second upload
            log.warning("File %s could not be read to verify it: %s", done.file_id, _reason(exc))
            return done
        wrong_size = file.size is not None and file.size != done.size
        if wrong_size or (file.digest and file.digest.lower() != done.digest):
            raise ChecksumMismatchError(
                f"{done.filename}: the service has other bytes than were sent "
                f"({file.size} bytes with MD5 {file.digest}, not {done.size} with {done.digest}); "
                f"File {done.file_id} is wrong: replace its content or delete it",
                stage="register",
                expected=done.digest,
                actual=file.digest or "",
                sent=done.size,
                total=done.size,
            )
        return evolve(done, verified=bool(file.digest))


def _reason(exc: Exception) -> str:
    """Describe an error. The text of a foreign one may contain a secret."""
    return str(exc) if isinstance(exc, APIError) else type(exc).__name__


def mime_type_of(name: str) -> str:
    """Return the Content-Type for the suffix of a file name."""
    return _guess_type(os.path.splitext(name)[1])  # noqa: PTH122  # `Path` is slow


@lru_cache(maxsize=256)
def _guess_type(ending: str) -> str:
    return mimetypes.guess_type(f"a{ending}", strict=False)[0] or "application/octet-stream"
