"""Storage of the bytes of Files: the interface of any storage, and the built-in one on disk."""

from collections.abc import AsyncIterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from attrs import define, field, frozen

from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.disk import Writing, remove
from coredata_async.sandbox.ids import Clock
from coredata_async.sandbox.signature import sign_query

ROOT = "/laika"
"""Path of the vendor's storage on every tenant's host."""


@frozen
class Reservation:
    """Values declared to `presigned-upload-url/`."""

    content_length: int
    content_type: str | None
    """None if none was declared: then the PUT must not send one either, because SigV2 signs it."""


@frozen
class Blob:
    """Stored bytes."""

    size: int
    md5: str
    content_type: str
    stored: float
    path: Path


class Bucket(Protocol):
    """Storage behind a CoreData; a test may plug in a real S3 server."""

    def presign_put(self, blob: str, content_length: int, content_type: str | None) -> str:
        """Return an absolute URL that stores the blob by PUT."""
        ...

    def presign_get(self, blob: str, filename: str, mime_type: str) -> str:
        """Return an absolute URL that returns the blob by GET, as an attachment of this name and type."""
        ...

    async def stat(self, blob: str) -> tuple[int, str] | None:
        """Return size and MD5 (hex) of a stored blob, or None."""
        ...

    async def store(self, blob: str, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        """Store a blob that was sent to the API itself; return its size and MD5 (hex)."""
        ...

    async def delete(self, blob: str) -> None:
        """Delete a blob; a missing one is not an error."""
        ...


def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4, thread_name_prefix="coredata-sandbox-disk")


@define(eq=False, repr=False, kw_only=True)
class LocalBucket:
    """Blobs as files in one directory, reached under `/laika/` by URLs that are signed as S3's are."""

    directory: Path
    lifetime: float
    clock: Clock
    secret: str
    key: str = "s3f:myuser"
    blobs: MutableMapping[str, Blob]
    reserved: Mapping[str, Reservation]
    signs_content_type: bool = True
    """False signs URLs for a PUT without Content-Type, whatever was declared: one with it gets 403."""
    refuses_empty: Literal["reserve", "put"] | None = None
    """Step that answers 400 for an empty file, as some gateways and storages do."""
    url: str = ""
    """Scheme, host and port of the signed URLs; known once the server listens."""
    workers: ThreadPoolExecutor = field(factory=_workers)

    def presign_put(self, blob: str, content_length: int, content_type: str | None) -> str:
        """Implement `Bucket`.

        SigV2 does not sign the length: the object store compares it with the reservation.
        """
        if content_length == 0 and self.refuses_empty == "reserve":
            raise refuse("content_length must be 1 or more.")
        return self._sign("PUT", blob, (content_type or "") if self.signs_content_type else "", {})

    def presign_get(self, blob: str, filename: str, mime_type: str) -> str:
        """Implement `Bucket`. The leading space of the disposition is in the vendor's sample."""
        overrides = {
            "response-content-disposition": f" attachment; filename*=utf-8''{quote(filename, safe='')}",
            "response-content-type": mime_type,
        }
        return self._sign("GET", blob, "", overrides)

    async def stat(self, blob: str) -> tuple[int, str] | None:
        """Implement `Bucket`."""
        stored = self.blobs.get(blob)
        return (stored.size, stored.md5) if stored else None

    async def store(self, blob: str, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        """Implement `Bucket`. Memory stays constant, and an interrupted body leaves nothing behind."""
        async with self.writing(blob) as writing:
            async for chunk in chunks:
                await writing.add(chunk)
            stored = await self.keep(blob, writing, "application/octet-stream")
        return stored.size, stored.md5

    async def delete(self, blob: str) -> None:
        """Implement `Bucket`."""
        if stored := self.blobs.pop(blob, None):
            await remove(stored.path, self.workers)

    def writing(self, blob: str) -> Writing:
        """Start a blob under a temporary name."""
        return Writing(self.directory / blob, self.workers)

    async def keep(self, blob: str, writing: Writing, content_type: str) -> Blob:
        """Give the written file its name, and record the blob as stored."""
        size, md5 = await writing.finish()
        self.blobs[blob] = stored = Blob(size, md5, content_type, self.clock(), writing.target)
        return stored

    def _sign(self, method: str, blob: str, content_type: str, overrides: Mapping[str, str]) -> str:
        path = f"{ROOT}/{blob}"
        query = sign_query(
            self.key,
            self.secret,
            method=method,
            path=path,
            expires=int(self.clock() + self.lifetime),
            content_type=content_type,
            overrides=overrides,
        )
        return f"{self.url}{path}?{query}"
