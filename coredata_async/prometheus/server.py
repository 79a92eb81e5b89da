"""A small HTTP server for Prometheus: `GET /metrics` and `GET /healthz`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from coredata_async.errors import ConfigurationError

TIMEOUT: Final = 10.0
"""Timeout for a request, in seconds."""
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


def parse_address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`; port 0 is any free one.

    Raises:
        ConfigurationError: If it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise ConfigurationError(f"the address of metrics must look like 127.0.0.1:9464, not {text!r}")
    return host.strip("[]"), int(port)


@asynccontextmanager
async def serve_metrics(host: str, port: int, render: Callable[[], str]) -> AsyncGenerator[int]:
    """Serve the text that `render` returns; yield the port.

    Raises:
        ConfigurationError: If the address cannot be used.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(respond(head, render))
                await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(answer, host, port)
    except OSError as exc:
        raise ConfigurationError(
            f"metrics cannot be served at {host}:{port}: {exc.strerror or exc}"
        ) from None
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def respond(head: bytes, render: Callable[[], str]) -> bytes:
    """Return the answer to the head of a request."""
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    method, _, rest = line.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    status, text = HTTPStatus.NOT_FOUND, "see /metrics\n"
    if method != "GET":
        status, text = HTTPStatus.METHOD_NOT_ALLOWED, "only GET\n"
    elif path == "/metrics":
        status, text = HTTPStatus.OK, render()
    elif path == "/healthz":
        status, text = HTTPStatus.OK, "ok\n"
    body = text.encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {_TEXT}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body
