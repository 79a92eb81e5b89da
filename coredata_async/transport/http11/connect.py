"""Opening of a connection: name resolution, TCP and TLS, within one timeout."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import cache
from ssl import CERT_NONE, SSLCertVerificationError, SSLContext, SSLError, create_default_context
from typing import Final

import aiohappyeyeballs

from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.errors import UnreachableError, handshake_failure, reason
from coredata_async.transport.http11.names import AddressResolver
from coredata_async.transport.http11.request_head import Origin
from coredata_async.transport.linger import discard_unsent_on_close

_connect = aiohappyeyeballs.start_connection  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_HEAD_START: Final = 0.25
"""Seconds before the next address is tried in parallel (RFC 8305)."""


async def connect(
    origin: Origin,
    names: AddressResolver,
    make: Callable[[], Connection],
    *,
    trust: SSLContext | bool,
    discard_unsent: bool,
) -> Connection:
    """Open a connection.

    Args:
        origin: Host, port and scheme.
        names: Resolver with the addresses known so far.
        make: Creates the protocol.
        trust: A TLS context, or whether the certificate is verified.
        discard_unsent: Whether closing it discards unsent bytes; see `discard_unsent_on_close`.

    Raises:
        HandshakeError: If TLS fails for another reason than the certificate.
        ssl.SSLCertVerificationError: If the certificate is not trusted.
        UnreachableError: If the host cannot be reached.
    """
    loop = asyncio.get_running_loop()
    context = _context(trust=trust) if origin.tls else None
    try:
        addresses = await names.addresses(origin.host, origin.port)
        sock = await _connect(addresses, happy_eyeballs_delay=_HEAD_START, loop=loop)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if discard_unsent:
            discard_unsent_on_close(sock)
        name = origin.host if origin.tls else None
        _, connection = await loop.create_connection(make, sock=sock, ssl=context, server_hostname=name)
    except SSLCertVerificationError:
        raise
    except SSLError as exc:
        raise handshake_failure(exc) from None
    except (OSError, RuntimeError) as exc:  # uvloop raises the latter for an invalid address
        raise UnreachableError(reason(exc)) from None
    return connection


def _context(*, trust: SSLContext | bool) -> SSLContext:
    return trust if isinstance(trust, SSLContext) else _default_context(verify=trust)


@cache
def _default_context(*, verify: bool) -> SSLContext:
    """Return a TLS context that trusts the system's authorities, or every certificate.

    Cached, because reading the authorities takes 10 ms or more.
    """
    context = create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
