"""Storage for large bodies: a thread per connection, which discards the bytes in the kernel.

Loops in Python cannot keep up with several `curl -T`; a blocking receive releases Python's lock, and
`MSG_TRUNC` spares the copy, so this takes some 0.1 s of CPU per GiB.
"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Final

from benchmarks.far.truth import Truth

ROOM: Final = 1 << 20
HEAD: Final = 64 * 1024


class Sink:
    """Server on a port of loopback, with TLS if there is a context."""

    def __init__(self, truth: Truth, tls: ssl.SSLContext | None) -> None:
        self._truth, self._tls = truth, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            line, _ = self._listener.accept()
            self._truth.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._tls.wrap_socket(line, server_side=True) if self._tls else line as wire:
                while self._one(wire):
                    pass
        except OSError:
            return  # a client disconnected; its file is missing from the counts

    def _one(self, wire: socket.socket) -> bool:
        held = b""
        while (end := held.find(b"\r\n\r\n")) < 0:
            more = wire.recv(HEAD)
            if not more:
                return False
            held += more
        head = held[:end]
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        if b"expect" in fields:
            wire.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._drop(wire, length - len(held) + end + 4)
        method, target, _ = head.split(b" ", 2)
        status, _, _ = self._truth.bucket(method, target, length, "")
        wire.sendall(b"HTTP/1.1 %d Done\r\nContent-Length: 0\r\n\r\n" % status)
        return True

    def _drop(self, wire: socket.socket, left: int) -> None:
        room = memoryview(bytearray(ROOM))
        flags = 0 if self._tls else socket.MSG_TRUNC
        while left:
            got = wire.recv_into(room, min(left, ROOM), flags)
            if not got:
                raise ConnectionError("broken off")
            left -= got
