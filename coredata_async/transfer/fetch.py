"""Where a File's bytes are, and how to begin to fetch them without credentials."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from attrs import field, frozen

from coredata_async.call import perform, refusal
from coredata_async.config import Retry
from coredata_async.errors import (
    APIConnectionError,
    StorageError,
    UnexpectedResponseError,
    URLExpiredError,
)
from coredata_async.message import Reply, Request, Send
from coredata_async.resources.files import FILES
from coredata_async.storage import dialects
from coredata_async.transfer.ranges import Span
from coredata_async.wire import calls
from coredata_async.wire.files import content

LINKS: Final = 3
"""How many signed URLs may expire before a download gives up."""


@frozen(kw_only=True)
class Wanted:
    """Which bytes of which File."""

    file_id: str
    span: Span = field(factory=Span)
    digest: str | None = None
    """MD5 the whole content must have; asked for if it is not given."""
    verify: bool = True


@frozen
class Fetcher:
    """Gets the bytes of Files."""

    api: Send
    storage: Send
    policy: Retry
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[], float] = random.random

    async def open(self, wanted: Wanted, done: int = 0) -> Reply:
        """Ask where the bytes are, and begin to fetch them after the first `done`.

        The API's answer is a redirect to the tenant's own host; an HTTP library that followed it would
        send the API key along to the storage.

        Raises:
            StorageError: The storage refused.
            URLExpiredError: Its URLs are expired when they come.
        """
        for _ in range(LINKS):
            request = content(wanted.file_id)
            reply = await self.api(request)
            if reply.status == HTTPStatus.OK:  # as servers of 2014 did: the bytes themselves
                return reply
            url = _location(request, reply)
            headers = {"Accept": "*/*", **wanted.span.header(done)}
            reply = await self._get(Request("GET", url, headers, stream=True))
            if reply.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                return reply
            why = dialects.refusal(reply)
            if not why.expired:
                raise StorageError(
                    f"the storage refused the bytes of File {wanted.file_id}: {why.words}"
                    + (f"; {why.advice}" if why.advice else ""),
                    stage="get",
                    sent=done,
                    status=reply.status,
                    storage_code=why.code or None,
                )
        raise URLExpiredError(
            f"{LINKS} signed URLs in a row for File {wanted.file_id} had expired when they came; compare "
            "the clocks of the service and its storage",
            stage="get",
            sent=done,
        )

    async def digest_of(self, wanted: Wanted, reply: Reply) -> str | None:
        """The MD5 the whole content should have, if anybody can say."""
        if not wanted.verify or not wanted.span.whole:
            return None
        known = wanted.digest or dialects.etag_md5(reply.headers)
        if known is None:
            known = (await perform(self.api, calls.get(FILES, wanted.file_id))).digest
        return known.lower() if known else None

    async def _get(self, request: Request) -> Reply:
        try:
            return await self.storage(request)
        except APIConnectionError as exc:
            raise StorageError(f"the storage could not be reached: {exc}", stage="get") from exc


def _location(request: Request, reply: Reply) -> str:
    url = reply.headers.get("Location", "")
    if reply.status != HTTPStatus.FOUND:
        raise refusal(request, reply, int(HTTPStatus.FOUND))
    if not url.startswith(("https://", "http://")):
        raise UnexpectedResponseError(
            f"GET {request.path}: the redirect to the content leads to no absolute URL", request, reply
        )
    return url
