"""Upload of one source as one File, through the storage or in one request."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from attrs import evolve, field, frozen

from coredata_async.call import Call, perform
from coredata_async.errors import (
    APIError,
    ChecksumMismatchError,
    ConfigurationError,
    OutcomeUnknownError,
    RegistrationUncertainError,
)
from coredata_async.ids import Id
from coredata_async.message import Body
from coredata_async.resources.files import FILES
from coredata_async.storage.bodies import Streamed, WrappedBody
from coredata_async.storage.sources import PreparedSource, Source, label, name_of
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.drive import Driver
from coredata_async.transfer.outcomes import OnProgress, Uploaded
from coredata_async.transfer.source_lease import SourceLease
from coredata_async.transfer.steps import Planned, Registered, Reserved, Stored, Unsettled
from coredata_async.wire import calls
from coredata_async.wire.files import NewFile, form_around, upload_whole

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

    def plan(self, size: int) -> Planned:
        """Return the first state of the upload."""
        name = self.file_name()
        return Planned(size=size, content_type=self.content_type or mime_type_of(name), filename=name)

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
        if via == "api":
            with self.driver.observe("upload") as operation:
                done = await self._in_one_request(wanted, new, verify=verify, progress=progress)
                operation.size = done.size
                return done
        if via != "storage":
            raise ConfigurationError(f"via must be 'storage' or 'api', not {via!r}")
        with self.driver.observe("upload") as operation:
            done = await self._by_storage(wanted, new, progress)
            operation.size = done.size
            return done if done.verified or not verify else await self._verify(done)

    async def _by_storage(self, wanted: Upload, new: NewFile, progress: OnProgress | None) -> Uploaded:
        async with self.open_source(wanted, progress) as (source, teller):
            plan = wanted.plan(source.size)
            stored = await self.driver.store(plan, source, teller.stage)
        registered = await self.driver.register(stored, new, teller.stage)
        return Uploaded(
            source=wanted.source,
            file_id=registered.file_id,
            filename=new.filename,
            size=plan.size,
            digest=stored.md5,
            blob_name=stored.blob,
            verified=stored.etag is not None,
        )

    async def store(
        self, wanted: Upload, on_reserved: OnReserved | None, progress: OnProgress | None
    ) -> Stored:
        """Store a source without registering it. See `services.steps.UploadSteps.store`."""
        async with self.open_source(wanted, progress) as (source, teller):

            async def note(state: Planned | Reserved | Stored | Unsettled | Registered) -> None:
                if on_reserved is not None and isinstance(state, Reserved):
                    pending = on_reserved(state.blob, state.since)
                    if pending is not None:
                        await pending
                await teller.stage(state)

            return await self.driver.store(wanted.plan(source.size), source, note)

    def open_source(self, wanted: Upload, progress: OnProgress | None) -> SourceLease:
        """Return a lease that prepares the source within the client's `Limits`."""
        return SourceLease(
            wanted.source, wanted.size, progress, self.streams, self.open_files, spool=wanted.spool
        )

    async def _in_one_request(
        self, wanted: Upload, new: NewFile, *, verify: bool, progress: OnProgress | None
    ) -> Uploaded:
        outcome: Uploaded | RegistrationUncertainError | None = None
        try:
            async with self.open_source(wanted, progress) as (source, teller):
                body, content_type = _form(new, source, wanted.mime_type())
                await teller.add(0)
                outcome = await self._create(wanted, new, upload_whole(body, content_type), source)
        except Exception as exc:
            if outcome is None:
                raise
            log.warning("the source of an upload could not be closed: %s", type(exc).__name__)
        if isinstance(outcome, RegistrationUncertainError):
            raise outcome
        return await self._verify(outcome) if verify else outcome

    async def _create(
        self, wanted: Upload, new: NewFile, call: Call[str], source: PreparedSource
    ) -> Uploaded | RegistrationUncertainError:
        """Send the whole form; return the File, or the error if it is unknown whether it was created."""
        try:
            file_id = await perform(self.driver.api, call)
        except OutcomeUnknownError as exc:
            error = RegistrationUncertainError(
                f"{new.filename}: {exc}. It has no blob name to look for; look for the title "
                f"{new.title!r} before uploading it again, or use via='storage'",
                call.request,
                blob_name=None,
                total=source.size,
            )
            error.__cause__ = exc
            return error
        return Uploaded(
            source=wanted.source,
            file_id=file_id,
            filename=new.filename,
            size=source.size,
            digest=source.digest,
            blob_name=None,
            verified=False,
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


def _form(new: NewFile, source: PreparedSource, mime_type: str) -> tuple[bytes | Body, str]:
    head, tail, content_type = form_around(
        # Not a digest of the fields, because the file's content could be made to contain that.
        new.fields(),
        filename=new.filename,
        content_type=mime_type,
        boundary=secrets.token_hex(16),
    )
    body = source.body
    framed = WrappedBody(head, body, tail) if isinstance(body, Streamed) else head + body + tail
    return framed, content_type
