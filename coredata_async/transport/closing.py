"""Closing of connections: bytes that the peer has not received are discarded.

Connections of aiohttp are also closed without their event loop, which may be closed or belong to another
thread. aiohttp closes them only in a running loop, but a test runner may close the loop before it tears its
fixtures down. So this module accesses the transports directly.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:  # imported only by callers that need an aiohttp session
    import aiohttp
_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger`: on, for 0 seconds."""


async def close(session: aiohttp.ClientSession) -> None:
    """Close a session, and discard the bytes that its connections have not sent.

    aiohttp alone would wait forever for a peer that reads nothing.
    """
    for transport in _transports(session.connector):
        transport.abort()
    await session.close()


def abort_session(session: aiohttp.ClientSession) -> None:
    """Close a session's connections at once, and discard unsent bytes. Awaits nothing."""
    connector: Any = session.connector
    session.detach()
    transports = _transports(connector)
    if connector is not None:
        connector._close()  # noqa: SLF001  # in a closed loop it only marks itself closed
    for transport in transports:
        abort_transport(transport)


def _transports(connector: Any) -> list[Any]:
    if connector is None or connector.closed:
        return []
    idle = [protocol for pool in connector._conns.values() for protocol, _ in pool]  # noqa: SLF001
    protocols = [*idle, *connector._acquired]  # noqa: SLF001
    return [protocol.transport for protocol in protocols if protocol.transport is not None]


def abort_transport(transport: Any) -> None:
    """Close one connection at once, even if its loop no longer runs."""
    try:
        transport.abort()
    except RuntimeError:  # its loop is closed and cannot notify the protocol
        tls = getattr(transport, "_ssl_protocol", None)
        plain = transport if tls is None else tls._transport  # noqa: SLF001
        with suppress(RuntimeError):  # TLS schedules a callback in the closed loop, too; the socket is closed
            plain._call_connection_lost(None)  # noqa: SLF001


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
