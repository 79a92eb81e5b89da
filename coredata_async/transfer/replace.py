"""Replacement of the content of a File, with an optimistic lock."""

from __future__ import annotations

import logging
from http import HTTPStatus

from attrs import frozen

from coredata_async.call import Call, perform
from coredata_async.errors import (
    APIStatusError,
    ChecksumMismatchError,
    ConfigurationError,
    OutcomeUnknownError,
    StaleSnapshotError,
)
from coredata_async.message import Reply
from coredata_async.resources.files import FILES, File
from coredata_async.storage.sources import PreparedSource
from coredata_async.transfer.comparison import is_same_blob
from coredata_async.transfer.outcomes import OnProgress, Replaced
from coredata_async.transfer.steps import Planned
from coredata_async.transfer.uploads import ProgressReporter, Upload, Uploader, Via
from coredata_async.wire import calls
from coredata_async.wire.files import Version, replace_content

log = logging.getLogger("coredata_async.upload")


@frozen(kw_only=True)
class Replacement:
    """Parameters of one replacement."""

    file_id: str
    content: Upload
    snapshot_id: str | None
    via: Via


@frozen
class Replacer:
    """Replaces content, through the storage or in one request."""

    uploader: Uploader

    async def replace(
        self, wanted: Replacement, *, verify: bool = True, progress: OnProgress | None = None
    ) -> Replaced:
        """Replace the content of a File. See `services.files.Files.replace`."""
        if wanted.via not in {"storage", "api"}:
            raise ConfigurationError(f"via must be 'storage' or 'api', not {wanted.via!r}")
        with self.uploader.driver.observe("replace") as operation:
            done = await self._replace(wanted, verify=verify, progress=progress)
            operation.size = done.size
        return done

    async def _replace(self, wanted: Replacement, *, verify: bool, progress: OnProgress | None) -> Replaced:
        written: tuple[Version, PreparedSource] | None = None
        try:
            async with self.uploader.open_source(wanted.content, progress) as (source, reporter):
                call, blob = await self._call(wanted, source, reporter)
                written = (await self._write(wanted, call, blob, source), source)
        except Exception as exc:
            if written is None:
                raise
            log.warning("the source of new content could not be closed: %s", type(exc).__name__)
        version, sent = written
        if version.digest is None and verify:
            # The content is written. A failure to verify it now must not be reported as a failure to write
            # it.
            file = await self._read_or_none(wanted.file_id)
            version = Version(file.digest, version.snapshot_id or file.snapshot_id) if file else version
        done = Replaced(
            file_id=wanted.file_id,
            snapshot_id=version.snapshot_id or "",
            digest=sent.digest,
            size=sent.size,
            verified=bool(version.digest),
        )
        if version.digest and version.digest.lower() != done.digest:
            raise _mismatch(done, version.digest)
        return done

    async def _call(
        self, wanted: Replacement, source: PreparedSource, reporter: ProgressReporter
    ) -> tuple[Call[Version], str | None]:
        """Return the write call, and the name of the blob, which is stored by now."""
        filename, lock = wanted.content.filename, wanted.snapshot_id
        if wanted.via == "api":
            await reporter.add(0)
            call = replace_content(wanted.file_id, body=source.body, filename=filename, snapshot_id=lock)
            return call, None
        plan = Planned(size=source.size, content_type=wanted.content.mime_type(), filename=filename)
        stored = await self.uploader.driver.storer.store(plan, source, reporter.stage)
        await reporter.stage(stored)
        call = replace_content(
            wanted.file_id, filename=filename, snapshot_id=lock, blob_name=stored.blob, digest=stored.md5
        )
        return call, stored.blob

    async def _write(
        self, wanted: Replacement, call: Call[Version], blob: str | None, source: PreparedSource
    ) -> Version:
        """Send the write. With a lock, read the File again to distinguish a lost race from other failures.

        The response of the service to a stale snapshot is not documented.
        """
        try:
            return await perform(self.uploader.driver.api, call)
        except (APIStatusError, OutcomeUnknownError) as exc:
            if wanted.snapshot_id is None:
                raise
            now = await self._read_or_none(wanted.file_id)
            if now is None or now.snapshot_id in {"", wanted.snapshot_id}:
                raise
            unknown = isinstance(exc, OutcomeUnknownError)
            has_blob = is_same_blob(now.blob_name, blob) if blob and now.blob_name else None
            if has_blob or (has_blob is None and unknown and _holds(now, source)):
                return Version(
                    now.digest, now.snapshot_id
                )  # it was carried out, and only the response was lost
            if unknown and not now.digest:
                raise  # the change cannot be attributed to us or to another writer
            raise StaleSnapshotError(
                f"File {wanted.file_id} was changed by another writer since snapshot {wanted.snapshot_id} "
                f"(now {now.snapshot_id}); read it again before you replace it",
                call.request,
                Reply(exc.status if isinstance(exc, APIStatusError) else int(HTTPStatus.CONFLICT)),
            ) from exc

    async def _read_or_none(self, file_id: str) -> File | None:
        try:
            return await perform(self.uploader.driver.api, calls.get(FILES, file_id))
        except Exception:  # noqa: BLE001  # then the first failure is reported
            return None


def _holds(file: File, source: PreparedSource) -> bool:
    return bool(file.digest) and str(file.digest).lower() == source.digest


def _mismatch(done: Replaced, actual: str) -> ChecksumMismatchError:
    return ChecksumMismatchError(
        f"File {done.file_id} now has other bytes than were sent (MD5 {actual}, not {done.digest}); "
        "replace its content again",
        stage="register",
        expected=done.digest,
        actual=actual,
        sent=done.size,
        total=done.size,
    )
