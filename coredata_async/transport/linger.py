"""Closing a connection to the service so that the kernel sends nothing more on it."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final, Protocol

_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger`: on, for 0 seconds."""


class SupportsOptions(Protocol):
    """A socket, or what an event loop gives in its place."""

    def setsockopt(self, level: int, optname: int, value: bytes, /) -> None:
        """Set an option."""
        ...


def discard_unsent_on_close(sock: SupportsOptions) -> None:
    """Have every close of this connection reset it and discard what the other end has not received yet.

    By default, a close leaves unsent bytes to the kernel. If the line was cut, the kernel delivers them when
    the line is up again, on Linux up to 100 s later: a registration that the client has given up, and by then
    repeated, makes a second File. The option is set once per connection, before anything is written, and not
    around each request: then it also holds when the process is killed, because the kernel closes the sockets
    of a dead process in the same way. It costs one system call, 5 us at most.

    Idle connections end with a reset, too. No answer is lost by that, because a client closes a connection
    only when it wants nothing more from it, and servers expect it from browsers.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
