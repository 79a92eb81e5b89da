"""Letting go of connections without their event loop: it is closed, or somebody else's.

aiohttp closes connections in a running loop only. A test runner that has closed the loop before it tears
its fixtures down leaves no such way, so this reaches for the transports themselves.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # who needs none of its sessions need not import it
    import aiohttp


async def close(session: aiohttp.ClientSession) -> None:
    """Close a session, and discard what its connections have not sent.

    aiohttp alone would wait, forever, until an end that takes nothing has taken the rest.
    """
    for transport in _transports(session.connector):
        transport.abort()
    await session.close()


def abort_session(session: aiohttp.ClientSession) -> None:
    """Close a session's connections at once, and discard what they have not sent; nothing is awaited."""
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
    """Close one connection at once, whether or not its loop still runs."""
    try:
        transport.abort()
    except RuntimeError:  # it wanted to tell its protocol through the loop
        tls = getattr(transport, "_ssl_protocol", None)
        plain = transport if tls is None else tls._transport  # noqa: SLF001
        with suppress(RuntimeError):  # as TLS does, again
            plain._call_connection_lost(None)  # noqa: SLF001
