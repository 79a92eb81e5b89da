"""Metrics of workers for Prometheus: the text format, and an HTTP server with `/metrics` and `/healthz`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from attrs import define, field

from coredata_async.errors import ConfigurationError

DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of durations, in seconds."""
TIMEOUT: Final = 10.0
"""Timeout for a request, in seconds."""
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


_EXAMPLE: Final = "127.0.0.1:9464"


def parse_address(
    text: str, noun: str = "the address of metrics", example: str = _EXAMPLE
) -> tuple[str, int]:
    """Read `HOST:PORT`; port 0 is any free one.

    Args:
        text: The address.
        noun: Name of the address in the message.
        example: An address for the message.

    Raises:
        ConfigurationError: If it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise ConfigurationError(f"{noun} must look like {example}, not {text!r}")
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


def write_total(
    name: str, text: str, numbers: float | Mapping[str, float], *, label: str = ""
) -> Iterator[str]:
    """Yield the lines of a counter, whose name ends in `_total`; one line for each value of its label."""
    yield from _head(name, text, "counter")
    yield from _values(name, numbers, label)


def write_gauge(
    name: str, text: str, numbers: float | Mapping[str, float], *, label: str = ""
) -> Iterator[str]:
    """Yield the lines of a number that may fall; one line for each value of its label."""
    yield from _head(name, text, "gauge")
    yield from _values(name, numbers, label)


@define(eq=False)
class Histogram:
    """Counts of durations by upper bound."""

    bounds: tuple[float, ...] = DURATIONS
    _counts: list[int] = field(init=False)
    _seconds: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        number = next(
            (index for index, bound in enumerate(self.bounds) if seconds <= bound), len(self.bounds)
        )
        self._counts[number] += 1
        self._seconds += seconds

    def write(self, name: str, text: str) -> Iterator[str]:
        """Yield its lines."""
        yield from _head(name, text, "histogram")
        count = 0
        for bound, number in zip((*map(str, self.bounds), "+Inf"), self._counts, strict=True):
            count += number
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {count}"


def _values(name: str, numbers: float | Mapping[str, float], label: str) -> Iterator[str]:
    if not isinstance(numbers, Mapping):
        yield f"{name} {numbers}"
        return
    for value, number in sorted(numbers.items()):
        yield f'{name}{{{label}="{_escape(value)}"}} {number}'


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
