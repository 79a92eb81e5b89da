"""HTTP/1.1 for the benchmark's server: only Content-Length and keep-alive, as these clients use it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final, cast

from benchmarks.far.truth import Answer, Truth

REASONS: Final = {200: b"OK", 201: b"Created", 400: b"Bad Request", 404: b"Not Found"}
ROOM: Final = memoryview(bytearray(1 << 20))
"""Receive buffer of all connections: the loop fills it and delivers it at once, so one is enough."""
LENGTH: Final = b"\r\ncontent-length:"


class Wire(asyncio.BufferedProtocol):
    """One connection to the service, or to the storage.

    Args:
        truth: State that answers.
        storage: True for the storage: its bodies are hashed, or discarded, as they arrive.
        delay: Seconds to delay each response.
        hashing: True if the storage sends the MD5 of the received bytes as its ETag.
        pause: Seconds to pause after each receive, so that senders meet back-pressure.
    """

    def __init__(
        self, truth: Truth, *, storage: bool, delay: float, hashing: bool, pause: float = 0.0
    ) -> None:
        self._truth, self._storage, self._delay = truth, storage, delay
        self._hash: Callable[[], hashlib._Hash | None] = (
            (lambda: hashlib.md5(usedforsecurity=False)) if hashing else (lambda: None)
        )
        self._pause = pause
        self._held = b""
        self._head = b""
        self._size = self._left = 0
        self._digest: hashlib._Hash | None = None
        self._line: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._truth.connections += 1
        self._line = cast("asyncio.Transport", transport)  # uvloop's transport is not an instance of it

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for the next bytes; small reads would cost a system call each 64 KiB."""
        return ROOM

    def buffer_updated(self, nbytes: int) -> None:
        """Answer every complete request."""
        at = 0
        if self._pause and self._line is not None and not self._line.is_closing():
            self._line.pause_reading()
            asyncio.get_running_loop().call_later(self._pause, self._go_on)
        if self._left:
            at = min(self._left, nbytes)
            self._body(ROOM[:at])
        if at < nbytes:
            self._held += bytes(ROOM[at:nbytes])
            while not self._left and self._request():
                pass

    def _go_on(self) -> None:
        if self._line is not None and not self._line.is_closing():
            self._line.resume_reading()

    def _request(self) -> bool:
        """Take one request from the received bytes; return False if it is incomplete."""
        held = self._held
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = held[:end]
        length = _length(head)
        whole = len(held) >= end + 4 + length
        if not whole and b"100-continue" in head.lower() and self._line is not None:
            self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._storage:
            self._store(head, length, end + 4)
            return True
        if not whole:
            return False
        body = held[end + 4 : end + 4 + length]
        self._held = held[end + 4 + length :]
        method, target, _ = head.split(b" ", 2)
        self._reply(self._truth.api(method, target, body))
        return True

    def _store(self, head: bytes, length: int, begin: int) -> None:
        """Start a body, with its first bytes."""
        self._head, self._left, self._digest = head, length, self._hash()
        body = memoryview(self._held)[begin : begin + length]
        self._held = self._held[begin + length :]
        self._body(body, length)

    def _body(self, data: memoryview, length: int | None = None) -> None:
        if self._digest is not None:
            self._digest.update(data)
        self._size = length if length is not None else self._size
        self._left -= len(data)
        if not self._left:
            digest = self._digest.hexdigest() if self._digest is not None else ""
            method, target, _ = self._head.split(b" ", 2)
            self._reply(self._truth.bucket(method, target, self._size, digest))

    def _reply(self, answer: Answer) -> None:
        status, headers, body = answer
        response = b"HTTP/1.1 %d %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
            status,
            REASONS[status],
            len(body),
            headers,
            body,
        )
        if self._line is None:
            return
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._line.write, response)
        else:
            self._line.write(response)


def _length(head: bytes) -> int:
    """Return the length of the body, with a fast path for the usual spelling of the header."""
    at = head.find(b"\r\nContent-Length: ")
    if at < 0:
        head = head.lower()
        at = head.find(LENGTH)
    return int(head[at + len(LENGTH) :].partition(b"\r\n")[0]) if at >= 0 else 0
