"""Storage of the bytes of Files: the interface of any storage, and the built-in one on disk.

Its URLs have AWS Signature Version 2 in the query, written from Amazon's rules ("Signing and
authenticating REST requests"), independent of any client.
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from attrs import define, field, frozen

from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.disk import FileWriter, remove
from coredata_async.sandbox.document import Clock

ROOT = "/laika"
"""Path of the vendor's storage on every tenant's host."""
# Query parameters that belong to the resource, and so are signed, with their decoded values.
_SUBRESOURCES = frozenset(
    (
        *(
            "acl",
            "cors",
            "delete",
            "lifecycle",
            "location",
            "logging",
            "notification",
            "partNumber",
            "policy",
        ),
        *(
            "requestPayment",
            "tagging",
            "torrent",
            "uploadId",
            "uploads",
            "versionId",
            "versioning",
            "versions",
        ),
        *("website", "response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    )
)


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
        async with self.open_writer(blob) as writer:
            async for chunk in chunks:
                await writer.add(chunk)
            stored = await self.keep(blob, writer, "application/octet-stream")
        return stored.size, stored.md5

    async def delete(self, blob: str) -> None:
        """Implement `Bucket`."""
        if stored := self.blobs.pop(blob, None):
            await remove(stored.path, self.workers)

    def open_writer(self, blob: str) -> FileWriter:
        """Open a writer for a new blob, under a temporary name."""
        return FileWriter(self.directory / blob, self.workers)

    async def keep(self, blob: str, writer: FileWriter, content_type: str) -> Blob:
        """Give the written file its name, and record the blob as stored."""
        size, md5 = await writer.finish()
        self.blobs[blob] = stored = Blob(size, md5, content_type, self.clock(), writer.target)
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


def string_to_sign(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the text to be signed: verb, Content-MD5, Content-Type, Expires, x-amz headers, resource."""
    plain = {name.lower(): value for name, value in headers.items()}
    amazon = "".join(f"{name}:{plain[name].strip()}\n" for name in sorted(plain) if name.startswith("x-amz-"))
    signed = [
        f"{name}={query[name]}" if query[name] else name for name in sorted(query) if name in _SUBRESOURCES
    ]
    resource = path + ("?" + "&".join(signed) if signed else "")
    first = (method, plain.get("content-md5", ""), plain.get("content-type", ""), query.get("Expires", ""))
    return "\n".join(first) + "\n" + amazon + resource


def sign(secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def sign_query(
    key: str,
    secret: str,
    *,
    method: str,
    path: str,
    expires: int,
    content_type: str = "",
    overrides: Mapping[str, str],
) -> str:
    """Return a signed query, quoted as in the vendor's sample (files-v2, Download File content).

    Everything but letters, digits and `-._~` is percent-encoded: `%3D`, `%2F`, `%27`, `%2A`, `s3f%3Amyuser`.
    """
    query = {**overrides, "AWSAccessKeyId": key, "Expires": str(expires)}
    signature = sign(secret, string_to_sign(method, path, query, {"content-type": content_type}))
    return "&".join(
        f"{name}={quote(value, safe='')}" for name, value in {**query, "Signature": signature}.items()
    )
