"""Requests for a File's bytes: the service redirects to a signed URL, and the storage returns them."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

from attrs import evolve, field, frozen

from coredata_async.call import perform, refusal
from coredata_async.config import Retry
from coredata_async.errors import (
    APIConnectionError,
    ConfigurationError,
    StorageError,
    UnexpectedResponseError,
    URLExpiredError,
)
from coredata_async.message import Reply, Request, Send
from coredata_async.operations import Observe, unobserved
from coredata_async.resources.files import FILES, File
from coredata_async.storage import dialects
from coredata_async.storage.filenames import Ownership
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.conditions import Conditions
from coredata_async.transfer.ranges import ByteRange, ContentRange, content_range_of, read_unsatisfied_size
from coredata_async.wire import calls
from coredata_async.wire.files import content

LINKS: Final = 3
"""Maximum number of expired signed URLs before a download fails."""
_USABLE: Final = frozenset(
    {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
)
_GAP: Final = re.compile(r"[\s\x00-\x1f\x7f]")
_REDIRECTS: Final = frozenset({HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT})


async def close_reply(reply: Reply) -> None:
    """Release a reply's connection, and its slot in `Limits`."""
    if reply.content is not None:
        await reply.content.aclose()


class ContentChangedError(StorageError):
    """The download cannot be continued: the content in the storage has changed, or may have."""


@frozen(kw_only=True)
class DownloadRequest:
    """The File and the range of bytes to download."""

    file_id: str
    span: ByteRange = field(factory=ByteRange)
    digest: str | None = None
    """Expected MD5 of the whole content; requested from the service if it is None."""
    verify: bool = True
    conditions: Conditions | None = None
    """Conditions of a web request, which select the range; None to use `span` unchanged."""

    def under(self, range: str | None, if_range: str | None, if_none_match: str | None) -> DownloadRequest:  # noqa: A002
        """Return a copy with the headers of a web request, each None if it has none.

        Raises:
            ConfigurationError: If it already has an offset or a length.
        """
        if (range, if_range, if_none_match) == (None, None, None):
            return self
        if not self.span.whole:
            raise ConfigurationError("offset and length cannot be combined with the headers of a web request")
        return evolve(self, conditions=Conditions.parse(range, if_range, if_none_match))


@frozen
class Fetcher:
    """Fetches the bytes of Files."""

    api: Send
    storage: Send
    policy: Retry
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""
    base_url: str = ""
    """Address of the service, against which a relative redirect is resolved."""
    ownership: Ownership = field(factory=Ownership)
    """Files that were saved by `Download.save_into`."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    observe: Observe = unobserved

    async def open(
        self, wanted: DownloadRequest, done: int = 0, *, since: ContentRange | None = None
    ) -> Reply:
        """Request a signed URL, and begin to fetch the bytes after the first `done`.

        The API answers with a redirect. An HTTP library that followed it would send the API key to the
        storage, so it is followed here, with a `Send` that has no key.

        Args:
            wanted: The File and the range of bytes.
            done: Number of these bytes that were received already.
            since: The response that they came with. With it, the storage sends the whole file if that
                changed.

        Returns:
            A response with the requested bytes: 200 from the beginning of the file, 206 from exactly the
                requested byte, or 416 if none are left.

        Raises:
            StorageError: If the storage refuses, or answers with another range.
            ContentChangedError: If the storage has fewer bytes than were received already.
            URLExpiredError: If its URLs are expired on arrival.
        """
        condition: Mapping[str, str] = since.condition() if since and done else {}
        reply = await self.fetch(wanted, {**wanted.span.header(done), **condition}, done)
        if reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return await self._end(wanted, reply, done)
        await _check_position(wanted, reply, done)
        return reply

    async def fetch(self, wanted: DownloadRequest, headers: Mapping[str, str], done: int = 0) -> Reply:
        """Ask where the bytes are, and ask the storage for them with these headers.

        Returns:
            A response of 200, 206 or 416, or 304 if the headers have an If-None-Match.

        Raises:
            StorageError: If the storage refuses.
            URLExpiredError: If its URLs are expired when they come.
        """
        usable = _USABLE | {HTTPStatus.NOT_MODIFIED} if "If-None-Match" in headers else _USABLE
        for _ in range(LINKS):
            request = content(wanted.file_id)
            reply = await self.api(request)
            if reply.status == HTTPStatus.OK:  # servers of 2014 returned the bytes themselves
                return reply
            await close_reply(reply)
            # No variable holds the signed URL, because crash reporters print the variables of every frame.
            sent = {"Accept": "*/*", **headers}
            reply = await self._get(Request("GET", self._location(request, reply), sent, stream=True))
            if reply.status in usable:
                return reply
            await close_reply(reply)
            reason = dialects.refusal(reply)
            if not reason.expired:
                raise _refusal(wanted, reply, done)
        raise URLExpiredError(
            f"{LINKS} signed URLs in a row for File {wanted.file_id} had expired on arrival; compare "
            "the clocks of the service and its storage",
            stage="get",
            sent=done,
        )

    async def digest_of(self, wanted: DownloadRequest, reply: Reply) -> str | None:
        """Return the expected MD5 of the whole content, or None if it is unknown or not comparable."""
        if not wanted.verify or not wanted.span.whole:
            return None
        known = wanted.digest or etag_md5(reply.headers)
        if known is None:
            known = (await self.describe(wanted)).digest
        return known.lower() if known else None

    async def describe(self, wanted: DownloadRequest) -> File:
        """Request the File from the service."""
        return await perform(self.api, calls.get(FILES, wanted.file_id))

    async def _get(self, request: Request) -> Reply:
        try:
            return await self.storage(request)
        except APIConnectionError as exc:
            raise StorageError(f"the storage could not be reached: {exc}", stage="get") from exc

    async def _end(self, wanted: DownloadRequest, reply: Reply, done: int) -> Reply:
        """Return a 416 that means that no bytes are left; raise for any other."""
        size = read_unsatisfied_size(reply)
        if size is None and not done:
            size = (await self.describe(wanted)).size
            if size == 0:
                return Reply(reply.status, {"Content-Range": "bytes */0"})
        if size == (wanted.span.offset + done if done else 0):
            return reply
        if not done:
            raise _refusal(wanted, reply, done)
        raise ContentChangedError(
            f"{done} bytes of File {wanted.file_id} were received, but the storage has "
            f"{'no more' if size is None else size} (416): the content changed; start again",
            stage="get",
            sent=done,
            status=reply.status,
        )

    def _location(self, request: Request, reply: Reply) -> str:
        if reply.status not in _REDIRECTS:
            raise refusal(request, reply, int(HTTPStatus.FOUND))
        url = _resolve(f"{self.base_url}{request.path}", reply.headers.get("Location", ""))
        if url is None:
            raise UnexpectedResponseError(
                f"GET {request.path}: the redirect to the content does not lead to an absolute URL "
                "that can be requested",
                request,
                reply,
            )
        return url


def _resolve(base: str, location: str) -> str | None:
    """Return the absolute URL of a redirect. A signed one must stay unchanged, byte for byte.

    A text with a space, or with a user and password before the host, is not a signed URL. A request to it
    would show its contents, which may be a secret that the response repeats.
    """
    location = location.strip().partition("#")[0]
    if not location:
        return None
    if location.startswith("//"):
        location = f"{base.partition(':')[0]}:{location}"
    scheme, colon, rest = location.partition("://")
    try:
        url = f"{scheme.lower()}://{rest}" if colon and scheme.isalpha() else urljoin(base, location)
        parts = urlsplit(url)
        _ = parts.port  # raises if it is not a number
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return url if usable and not _GAP.search(url) else None


async def _check_position(wanted: DownloadRequest, reply: Reply, done: int) -> None:
    """Reject a response with other bytes than were requested, and release it."""
    asked = wanted.span.offset + done
    reason = _unusable(reply, asked, done)
    if reason is None:
        return
    await close_reply(reply)
    raise StorageError(
        f"File {wanted.file_id} was requested from byte {asked} on, but the response of the storage, "
        f"{reply.status}, cannot be used: {reason}",
        stage="get",
        sent=done,
        status=reply.status,
    )


def _unusable(reply: Reply, asked: int, done: int) -> str | None:
    try:
        received = content_range_of(reply)
    except ValueError as exc:
        return reply.redactor(str(exc))  # here: crash reporters print the variables of the frame that raises
    ignored = reply.status == HTTPStatus.OK and received.first == 0
    if received.first != asked and not ignored:
        return f"it begins at byte {received.first}, not with the requested range"
    if not done and received.total and received.total <= asked:
        return f"the file ends after {received.total} bytes"
    return None


def _refusal(wanted: DownloadRequest, reply: Reply, done: int) -> StorageError:
    reason = dialects.refusal(reply)
    return StorageError(
        f"the storage refused the bytes of File {wanted.file_id}: {reason.summary}"
        + (f"; {reason.advice}" if reason.advice else ""),
        stage="get",
        sent=done,
        status=reply.status,
        storage_code=reason.code or None,
    )
