"""Opening of a connection: name resolution, TCP and TLS, within one timeout."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from ssl import CERT_NONE, SSLCertVerificationError, SSLContext, SSLError, create_default_context
from typing import Any, Final

import aiohappyeyeballs

from coredata_async.transport.closing import discard_unsent_on_close
from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.errors import SetupError, UnreachableError, handshake_failure, reason
from coredata_async.transport.http11.request_head import Origin

_connect = aiohappyeyeballs.start_connection  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_HEAD_START: Final = 0.25
"""Seconds before the next address is tried in parallel (RFC 8305)."""
Address = tuple[int, int, int, str, tuple[Any, ...]]
"""As returned by `getaddrinfo`."""
_USABLE: Final = socket.AI_ADDRCONFIG
"""Only address families that this machine has."""
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
"""Networks whose addresses end with an IPv4 address (RFC 6052, 2765 and 4291)."""
_LOCAL: Final = tuple(map(IPv6Network, ("64:ff9b:1::/48", "fec0::/10", "5f00::/16", "3fff::/20")))
"""Networks that Python takes for public, or did in earlier versions (RFC 8215, 3879, 9602 and 9637)."""
_KNOWN_FOR: Final = 10.0
"""Seconds that an address is cached, as in aiohttp: one look-up for all of 64 connections."""


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
        SetupError: If TLS cannot be set up.
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
    # Nothing but False turns the verification off: neither None nor 0.
    return trust if isinstance(trust, SSLContext) else _default_context(verify=trust is not False)


@cache
def _default_context(*, verify: bool) -> SSLContext:
    """Return a TLS context that trusts the system's authorities, or every certificate.

    Cached, because reading the authorities takes 10 ms or more.
    """
    try:
        context = create_default_context()
    except OSError as exc:  # the file of SSLKEYLOGFILE cannot be written
        raise SetupError(f"{reason(exc)}: {exc.filename}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class AddressResolver:
    """Resolver of host names that rotates the addresses.

    A look-up cannot be cancelled, and may take half a minute. In the loop's executor, a few slow ones would
    delay those of other hosts and the reading of files. So each runs in a daemon thread. Callers that request
    the same name meanwhile, also after a timeout, wait for the same look-up.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, list[Address]]] = {}
        self._pending: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host; an IP address is not looked up.

        Raises:
            OSError: If the name cannot be resolved.
        """
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        now = asyncio.get_running_loop().time()
        key = host, port
        until, addresses = self._known.get(key, (0.0, []))
        if until < now:
            addresses = await asyncio.shield(self._pending.get(key) or self._ask(key))
            until = now + _KNOWN_FOR
        self._known = {each: known for each, known in self._known.items() if known[0] >= now}
        self._known[key] = until, [*addresses[1:], *addresses[:1]]
        return addresses

    def _ask(self, key: tuple[str, int]) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()
        answer.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # all callers may have given up

        def set_result(found: list[Address] | OSError | UnicodeError) -> None:
            del self._pending[key]
            if not answer.done():
                answer.set_result(found) if isinstance(found, list) else answer.set_exception(found)

        def run() -> None:
            try:
                found: Any = socket.getaddrinfo(*key, type=socket.SOCK_STREAM, flags=_USABLE)
            except (OSError, UnicodeError) as exc:  # the latter for a name that is too long
                found = exc
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(set_result, found)

        threading.Thread(target=run, name="coredata-resolver", daemon=True).start()
        self._pending[key] = answer
        return answer


class PrivateAddressError(OSError):
    """A host has an address that is not on the public internet and not allowed."""


class PublicResolver(AddressResolver):
    """Resolver that rejects addresses of this machine and of private networks, so a URL cannot reach them.

    Connections are made to the checked addresses: a name cannot change in between.

    Args:
        allowed: Networks that are allowed in addition.
    """

    def __init__(self, allowed: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        super().__init__()
        self._allowed = allowed

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host.

        Raises:
            PrivateAddressError: If one of them is not allowed.
            OSError: If the name is not known.
        """
        addresses = await super().addresses(host, port)
        for address in addresses:
            if not self._is_allowed(str(address[4][0])):
                raise PrivateAddressError(f"{host} has a private address")
        return addresses

    def _is_allowed(self, text: str) -> bool:
        address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address):
            address = _ipv4_inside(address) or address
        is_local = any(address in network for network in _LOCAL)
        public = address.is_global and not (address.is_multicast or is_local)
        return public or any(address in network for network in self._allowed)


def _ipv4_inside(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address embedded in an IPv6 address, which a gateway may connect to."""
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str, port: int) -> Address | None:
    """Return the address of a host that is an IP address, else None."""
    try:
        old = ip_address(host).version == 4  # noqa: PLR2004
    except ValueError:
        return None
    family, address = (socket.AF_INET, (host, port)) if old else (socket.AF_INET6, (host, port, 0, 0))
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address
