"""Reset on close: the kernel sends nothing more on a closed connection to the service."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final, Protocol

_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger`: on, for 0 seconds."""


class SupportsOptions(Protocol):
    """A socket, or the object that an event loop provides instead."""

    def setsockopt(self, level: int, optname: int, value: bytes, /) -> None:
        """Set an option."""
        ...


def discard_unsent_on_close(sock: SupportsOptions) -> None:
    """Make every close of this connection reset it and discard the bytes that the peer has not received.

    By default, a close leaves unsent bytes to the kernel. If the network was interrupted, the kernel delivers
    them when it recovers, on Linux up to 100 s later. A registration that the client has given up and
    repeated would then create a second File. The option is set once per connection, before anything is
    written, and not per request. It then also holds when the process is killed, because the kernel closes the
    sockets of a dead process in the same way. It costs one system call, 5 us at most.

    Idle connections end with a reset as well. This loses no response, because a client closes a connection
    only when it expects nothing more from it, and servers expect resets from browsers.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
