"""Sources at https URLs: streamed to the storage while they are received."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from attrs import define, field

from coredata_async.config import Timeouts
from coredata_async.errors import APIConnectionError, SourceChangedError, SourceError
from coredata_async.escapes import escape_controls
from coredata_async.events.errors import SourceUnavailableError
from coredata_async.events.sources import HTTPS_PORT, SourceRules
from coredata_async.message import Reply, Request, Send
from coredata_async.secret import Secret
from coredata_async.transport.fetch import FetchClient
from coredata_async.version import VERSION

_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_SHOWN: Final = 40
"""Maximum number of characters of a coding in a message."""
_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = range(400, 500)


class RemoteFiles:
    """Opens https URLs of allowed hosts. Redirects are not followed, and no proxy is used.

    Args:
        rules: The allowed hosts and networks.
        ssl: A TLS context; the authorities of the system by default.
        timeouts: Timeouts of the requests.
        connections: Maximum number of connections.
    """

    def __init__(
        self,
        rules: SourceRules,
        *,
        ssl: ssl.SSLContext | bool = True,
        timeouts: Timeouts | None = None,
        connections: int = 64,
    ) -> None:
        self._rules = rules
        self._client = FetchClient(
            networks=rules.networks, connections=connections, ssl=ssl, timeouts=timeouts or Timeouts()
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def open(self, url: str, size: int | None, *, has_digest: bool = False) -> RemoteFile:
        """Send the request for a URL and wait for the answer to begin.

        Args:
            url: The URL.
            size: Number of bytes, if it is known.
            has_digest: True if the bytes will be compared with a digest.

        Raises:
            SourceError: If the URL is not allowed, its host refuses, or the size is another one.
            SourceUnavailableError: If the host cannot be reached, or fails.
        """
        shown = self._rules.check_url(url)
        parts = urlsplit(url)
        if not await self._client.is_allowed(parts.hostname or "", parts.port or HTTPS_PORT):
            raise SourceError(
                f"{shown}: its host has a private address, which is not allowed here (--allow-network)",
                stage="source",
            )
        file = RemoteFile(self._client.send, Secret(url), shown)
        await file.begin(size, has_digest=has_digest)
        return file


@define(eq=False)
class RemoteFile:
    """The content of a URL as a source: a callable that returns its bytes, each time from the beginning."""

    _send: Send
    _url: Secret[str]
    name: str
    """The URL as messages show it."""
    size: int | None = field(default=None, init=False)
    """Number of bytes, if the host states it."""
    _etag: str | None = field(default=None, init=False)
    _reply: Reply | None = field(default=None, init=False)

    async def begin(self, size: int | None, *, has_digest: bool) -> None:
        """Open it the first time, and note its size."""
        reply = await self._open()
        self._reply = reply
        coding = _coding(reply.headers)
        if coding and size is None and not has_digest:
            await self.aclose()
            raise SourceError(
                f"{self.name}: its host sends it compressed ({coding}), although that was not asked for, so "
                "the bytes may not be those of the file; put the size or the digest of the bytes to store "
                "into the message",
                stage="source",
            )
        self.size, self._etag = _length(reply.headers), reply.headers.get("ETag")
        if size is not None and self.size is not None and size != self.size:
            await self.aclose()
            raise SourceError(
                f"{self.name}: it has {self.size} bytes, and the message says {size}", stage="source"
            )
        if self.size is None:
            self.size = size

    def __call__(self) -> AsyncIterator[bytes]:
        """Return the bytes. The first call uses the answer that is there already."""
        return self._read()

    async def aclose(self) -> None:
        """Give up an answer that was not read."""
        reply, self._reply = self._reply, None
        if reply is not None and reply.content is not None:
            await reply.content.aclose()

    async def _read(self) -> AsyncIterator[bytes]:
        reply, self._reply = self._reply, None
        if reply is None:
            reply = await self._open()
            self._check_same(reply)
        content = reply.content
        if content is None:  # an answer without a body
            return
        failure = ""
        try:
            async for block in content:
                yield block
        except APIConnectionError as exc:
            failure = str(exc)
        finally:
            await content.aclose()
        if failure:
            raise SourceUnavailableError(failure, stage="source")

    async def _open(self) -> Reply:
        headers = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": f"coredata-async/{VERSION} worker",
        }
        failure = ""
        try:
            reply = await self._send(Request("GET", self._url.reveal(), headers, stream=True))
        except APIConnectionError as exc:
            failure = str(exc)
        else:
            self._check(reply)
            return reply
        raise SourceUnavailableError(failure, stage="source")

    def _check(self, reply: Reply) -> None:
        """Check the status. The body of a failure was read and is not kept."""
        if reply.status == HTTPStatus.OK:
            return
        text = f"{self.name}: its host answered {reply.status}"
        if reply.status in _REDIRECTS:
            raise SourceError(f"{text}, and redirects are not followed", stage="source")
        if reply.status in _REFUSALS and reply.status not in _PASSING:
            raise SourceError(text, stage="source")
        raise SourceUnavailableError(text, stage="source")

    def _check_same(self, reply: Reply) -> None:
        size, etag = _length(reply.headers), reply.headers.get("ETag")
        if (size is not None and size != self.size) or etag != self._etag:
            raise SourceChangedError(f"{self.name}: it changed while it was read", stage="source")


def _length(headers: Mapping[str, str]) -> int | None:
    """Return Content-Length, unless it counts packed bytes."""
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and not _coding(headers) else None


def _coding(headers: Mapping[str, str]) -> str:
    """Return the coding of the content, such as `gzip`; empty if it has none."""
    coding = headers.get("Content-Encoding", "").strip().lower()
    return "" if coding == "identity" else escape_controls(coding[:_SHOWN])
