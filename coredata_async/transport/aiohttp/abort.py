"""Closing of aiohttp connections without their event loop, which is closed or belongs to another thread.

aiohttp closes connections only in a running loop. A test runner may close the loop before it tears its
fixtures down, so this module accesses the transports directly.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported only by callers that need an aiohttp session
    import aiohttp


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
    kept = [protocol for kept in connector._conns.values() for protocol, _ in kept]  # noqa: SLF001
    protocols = [*kept, *connector._acquired]  # noqa: SLF001
    return [protocol.transport for protocol in protocols if protocol.transport is not None]


def abort_transport(transport: Any) -> None:
    """Close one connection at once, even if its loop no longer runs."""
    try:
        transport.abort()
    except RuntimeError:  # its loop is closed and cannot notify the protocol
        tls = getattr(transport, "_ssl_protocol", None)
        plain = transport if tls is None else tls._transport  # noqa: SLF001
        with suppress(RuntimeError):  # as TLS does, again
            plain._call_connection_lost(None)  # noqa: SLF001
