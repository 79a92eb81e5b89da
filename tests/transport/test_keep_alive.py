"""Reuse of idle connections over both transports, while the client's loop is too busy to notice anything."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.message import Request, Send
from coredata_async.transport.pool import Pool

from .conftest import Exchange
from .raw import RawServer, answers

ONE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast"
TWO = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"

Talk = Callable[[socket.socket, threading.Event], None]


class Blocking:
    """A server in its own threads: it continues while the client's loop is blocked."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None) -> None:
        self.sent = threading.Event()
        """Set once the bytes after the first response have been sent."""
        self.lines = 0
        self._talk, self._tls = talk, tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listening.getsockname()[1]}/"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(2)

    def _accept(self) -> None:
        while True:
            try:
                line = self._listening.accept()[0]
            except OSError:
                return
            self.lines += 1
            talk = self._talk if self.lines == 1 else answers_two
            thread = threading.Thread(target=self._serve, args=(line, talk), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket, talk: Talk) -> None:
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
            talk(line, self.sent)
        except OSError:
            pass
        finally:
            line.close()


def request(line: socket.socket) -> bool:
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        block = line.recv(65536)
        if not block:
            return False
        seen += block
    return True


def answers_two(line: socket.socket, _: threading.Event) -> None:
    while request(line):
        line.sendall(TWO)


def sends_too_much(line: socket.socket, sent: threading.Event) -> None:
    request(line)
    line.sendall(ONE)
    time.sleep(0.02)
    line.sendall(EVIL)
    sent.set()
    answers_two(line, sent)


def closes(line: socket.socket, sent: threading.Event) -> None:
    request(line)
    line.sendall(ONE)
    time.sleep(0.02)
    line.shutdown(socket.SHUT_RDWR)
    sent.set()


def resets(line: socket.socket, sent: threading.Event) -> None:
    request(line)
    line.sendall(ONE)
    time.sleep(0.02)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()
    sent.set()


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    return request.getfixturevalue("stranger") if request.param == "https" else None


@pytest.fixture(params=[sends_too_much, closes, resets])
def odd(request: pytest.FixtureRequest, tls: ssl.SSLContext | None) -> Iterator[Blocking]:
    server = Blocking(request.param, tls)
    yield server
    server.close()


async def test_a_connection_on_which_something_came_is_not_used_again(
    exchange: Exchange, odd: Blocking, certificate: Path
) -> None:
    pool = Pool(Limits(), ssl=ssl.create_default_context(cafile=str(certificate)))
    send = exchange(pool, "storage", Timeouts(response=20), headers={})

    first = await send(Request("GET", odd.url))
    assert odd.sent.wait(20)
    time.sleep(0.1)  # noqa: ASYNC251  # what was sent arrives, and the loop is too busy to see it
    second = await send(Request("POST", odd.url, repeatable=False))

    await pool.aclose()
    assert (first.body, second.body, odd.lines) == (b"one", b"two", 2)


async def test_a_connection_that_is_not_kept_is_closed_though_its_server_is_silent(
    exchange: Exchange, tls: ssl.SSLContext | None, certificate: Path
) -> None:
    ended = threading.Event()

    def closes_after_one(line: socket.socket, sent: threading.Event) -> None:
        request(line)
        line.sendall(LAST)
        ended.wait(20)  # reads nothing, so an orderly close of TLS gets no answer

    server = Blocking(closes_after_one, tls)
    pool = Pool(Limits(), ssl=ssl.create_default_context(cafile=str(certificate)))
    send = exchange(pool, "storage", Timeouts(response=20), headers={})
    port = int(server.url.rpartition(":")[2].strip("/"))
    try:
        await send(Request("GET", server.url))
        await pool.aclose()
        await asyncio.sleep(0.05)

        peers = [each.raddr.port for each in psutil.Process().net_connections("tcp") if each.raddr]
        assert port not in peers
    finally:
        ended.set()
        server.close()


async def test_an_origin_that_sends_too_much_is_asked_on_a_new_connection_each_time(
    exchange: Exchange, pool: Pool, server: RawServer
) -> None:
    async def two(line) -> None:
        await line.request()
        await line.say(ONE + EVIL)
        await line.gone()

    server.script += [two, two]
    send = exchange(pool, "storage", Timeouts(response=2), headers={})

    assert [(await send(Request("GET", server.url + "/"))).body for _ in range(4)] == [
        b"one",
        b"one",
        b"",
        b"",
    ]
    assert server.lines == 4


@pytest.mark.parametrize("hint", ["timeout=0", "max=0", "timeout=0, max=9"])
async def test_a_server_that_keeps_nothing_is_believed(
    exchange: Exchange, pool: Pool, server: RawServer, hint: str
) -> None:
    server.script += [answers(Keep_Alive=hint)] * 2
    send = exchange(pool, "storage", Timeouts(), headers={})

    for _ in range(2):
        await send(Request("GET", server.url + "/"))

    assert server.lines == 2


async def test_a_connection_older_than_its_server_wants_is_not_used_again(
    send: Send, server: RawServer
) -> None:
    server.script += [answers(body=b"x", Keep_Alive="timeout=1, max=9")] * 3

    for pause in (0.0, 0.55, 0.0):
        await send(Request("GET", server.url + "/"))
        time.sleep(pause)  # noqa: ASYNC251

    assert server.lines == 2
