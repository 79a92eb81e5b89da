"""Hand-written requests on asyncio's protocols, one connection per worker and side, responses hardly parsed.

This is not a client for users: it does as little as Python can, and shows the limit set by the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.clients.client import Upload
from benchmarks.clients.with_aiohttp import BOUNDARY, form_of
from benchmarks.served import Where

KEY = b"Host: x\r\nAuthorization: apikey u:k\r\n"
RESERVE = b"POST /api/v3/blob/presigned-upload-url/?content_length=%d HTTP/1.1\r\n" + KEY + b"\r\n"
PUT = b"PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
REGISTER = (
    b"POST /api/v2/files/ HTTP/1.1\r\n"
    + KEY
    + b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %%d\r\n\r\n" % BOUNDARY.encode()
)


class Line(asyncio.Protocol):
    """Connection with one request in flight; each response is short and arrives in one piece."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Deliver the response."""
        if self._answer is not None:
            self._answer.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the waiting request."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: bytes, status: bytes) -> bytes:
        """Send a request, and return its response."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is not None:
            self._transport.write(request)
        answer = await self._answer
        if not answer.startswith(b"HTTP/1.1 " + status):
            raise RuntimeError(answer.decode())
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Yield an upload function without digest, timeouts and error handling."""
    pairs: list[tuple[Line, Line]] = []

    async def open_line(url: str) -> Line:
        there = urlsplit(url)
        _, line = await asyncio.get_running_loop().create_connection(
            Line, there.hostname or "", there.port or 80
        )
        return line

    async def worker(api: Line, storage: Line, paths: Iterator[Path]) -> None:
        for path in paths:
            data = path.read_bytes()
            answer = await api.ask(RESERVE % len(data), b"200")
            at = answer.index(b"/laika/")
            target = answer[at : answer.index(b'"', at)]
            await storage.ask(PUT % (target, len(data)) + data, b"200")
            form = form_of(target[7:39].decode(), path)
            await api.ask(REGISTER % len(form) + form, b"201")

    async def upload(paths: Sequence[Path], width: int) -> None:
        while len(pairs) < width:
            pairs.append((await open_line(where.api), await open_line(where.storage)))
        shared = iter(paths)
        async with asyncio.TaskGroup() as group:
            for api, storage in pairs[:width]:
                group.create_task(worker(api, storage, shared))

    try:
        yield upload
    finally:
        for pair in pairs:
            for line in pair:
                line.close()
