"""A server without HTTP parsing: it records the bytes received, and plays a script."""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

from attrs import define

CLOSED = (ConnectionError, asyncio.IncompleteReadError)


@define
class Seen:
    """A request as received."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


@define
class Line:
    """One connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[Seen]

    async def head(self) -> Seen:
        """Read a request up to its body."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (each.partition(":") for each in lines)]
        self.seen.append(Seen(line, headers))
        return self.seen[-1]

    async def request(self) -> Seen:
        """Read a whole request; one that breaks off keeps the bytes received."""
        seen = await self.head()
        left = int(seen.header("Content-Length") or 0)
        while left:
            block = await self.reader.read(min(left, 1 << 20))
            if not block:
                raise asyncio.IncompleteReadError(seen.body, left)
            seen.body += block
            left -= len(block)
        seen.whole = True
        return seen

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reset(self) -> None:
        """Break the connection with a RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()

    async def gone(self) -> None:
        """Wait until the client has closed it."""
        while await self.reader.read(1 << 20):
            pass
        self.close()


Play = Callable[[Line], Awaitable[None]]


class RawServer:
    """Plays one script entry for every request; without an entry it answers 200."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, buffer: int | None = None) -> None:
        self.seen: list[Seen] = []
        self.lines = 0
        """Connections that were opened."""
        self.open = 0
        """Number of connections that are open."""
        self.script: deque[Play] = deque()
        self.tasks: set[asyncio.Task[None]] = set()
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        if buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, sock=self._socket, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        # The newest connection must be handled first, because asyncio leaves its socket open otherwise.
        asyncio.get_running_loop().remove_reader(self._socket)
        for _ in range(4):
            await asyncio.sleep(0)
        self._server.close()
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.lines += 1
        self.open += 1
        line = Line(reader, writer, self.seen)
        try:
            while not writer.is_closing():
                play = self.script.popleft() if self.script else answers()
                try:
                    await play(line)
                except CLOSED:
                    break
        except asyncio.CancelledError:
            pass  # asyncio 3.11 logs a server task that ends so
        finally:
            self.open -= 1
            self.tasks.discard(task)
            writer.transport.abort()


def answers(status: int = 200, body: bytes = b"", **headers: str) -> Play:
    async def play(line: Line) -> None:
        await line.request()
        await line.answer(status, body, **headers)

    return play


def says(raw: bytes) -> Play:
    """Answer with exactly these bytes, and close."""

    async def play(line: Line) -> None:
        await line.request()
        await line.say(raw)
        line.close()

    return play


async def resets_at_once(line: Line) -> None:
    line.reset()


async def resets_after_the_head(line: Line) -> None:
    await line.head()
    line.reset()


async def resets_after_the_request(line: Line) -> None:
    await line.request()
    line.reset()


async def closes_after_the_head(line: Line) -> None:
    await line.head()
    line.close()


async def closes_after_the_request(line: Line) -> None:
    await line.request()
    line.close()


async def stops_reading(line: Line) -> None:
    await line.head()
    await asyncio.Event().wait()


async def never_answers(line: Line) -> None:
    await line.request()
    await line.gone()


async def drops_the_next(line: Line) -> None:
    """Answer, keep the connection, and drop it as soon as another request begins on it."""
    await line.request()
    await line.answer()
    await line.head()
    line.reset()
