"""Opening a connection: the name, TCP, TLS, all within one limit."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from ssl import CERT_NONE, SSLContext, SSLError, create_default_context
from typing import Any, Final, cast

import aiohappyeyeballs

from coredata_async.transport.lean.connection import Connection
from coredata_async.transport.lean.faults import UnreachableError, reason
from coredata_async.transport.lean.origins import Origin
from coredata_async.transport.linger import discard_unsent_on_close

Address = tuple[int, int, int, str, tuple[Any, ...]]
"""As `getaddrinfo` gives it."""
_connect = aiohappyeyeballs.start_connection  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_HEAD_START: Final = 0.25
"""Seconds one address has before the next is tried beside it (RFC 8305)."""
_USABLE: Final = socket.AI_ADDRCONFIG
"""Only addresses of a kind this machine has, too."""
_KNOWN_FOR: Final = 10.0
"""Seconds a name is not looked up again, as with aiohttp: not once for each of 64 connections."""


class Names:
    """Addresses of hosts, remembered for a moment; each time, another of them is the first."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, list[Address]]] = {}
        self._asking = asyncio.Lock()

    async def addresses(self, origin: Origin) -> list[Address]:
        """Those of a host; one that is an address already is not looked up, for that takes a thread.

        Raises:
            OSError: Nobody knows the name.
        """
        literal = _literal(origin)
        if literal is not None:
            return [literal]
        async with self._asking:  # so that 32 that come at once ask once
            loop = asyncio.get_running_loop()
            until, found = self._known.get(origin.key, (0.0, []))
            if until < loop.time():
                infos = await loop.getaddrinfo(
                    origin.host, origin.port, type=socket.SOCK_STREAM, flags=_USABLE
                )
                found = cast("list[Address]", infos)
                until = loop.time() + _KNOWN_FOR
            self._known = {key: known for key, known in self._known.items() if known[0] >= loop.time()}
            self._known[origin.key] = until, [*found[1:], *found[:1]]
        return found


def _literal(origin: Origin) -> Address | None:
    """The address of a host that is one."""
    host, port = origin.host, origin.port
    try:
        old = ip_address(host).version == 4  # noqa: PLR2004
    except ValueError:
        return None
    family, place = (socket.AF_INET, (host, port)) if old else (socket.AF_INET6, (host, port, 0, 0))
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place


async def opened(
    origin: Origin,
    names: Names,
    make: Callable[[], Connection],
    *,
    trust: SSLContext | bool,
    discard_unsent: bool,
) -> Connection:
    """Open a connection.

    Args:
        origin: Where it leads.
        names: The addresses known so far.
        make: Makes its protocol.
        trust: A TLS context, or whether the certificate is verified.
        discard_unsent: Whether closing it discards unsent bytes; see `discard_unsent_on_close`.

    Raises:
        ssl.SSLError: There is no trust.
        UnreachableError: Nobody answers there.
    """
    loop = asyncio.get_running_loop()
    context = _context(trust=trust) if origin.tls else None
    try:
        addresses = await names.addresses(origin)
        sock = await _connect(addresses, happy_eyeballs_delay=_HEAD_START, loop=loop)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if discard_unsent:
            discard_unsent_on_close(sock)
        name = origin.host if origin.tls else None
        _, connection = await loop.create_connection(make, sock=sock, ssl=context, server_hostname=name)
    except SSLError:
        raise
    except (OSError, RuntimeError) as exc:  # uvloop has the latter for an address that cannot be
        raise UnreachableError(reason(exc)) from None
    return connection


def _context(*, trust: SSLContext | bool) -> SSLContext:
    return trust if isinstance(trust, SSLContext) else _made(verify=trust)


@cache
def _made(*, verify: bool) -> SSLContext:
    """One that trusts the system's authorities, or anybody; reading those takes 10 ms and more."""
    made = create_default_context()
    if not verify:
        made.check_hostname = False
        made.verify_mode = CERT_NONE
    made.set_alpn_protocols(["http/1.1"])
    return made
