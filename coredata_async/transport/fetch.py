"""GET requests for foreign URLs: without keys, proxies, redirects and private addresses."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from ssl import SSLContext

from coredata_async.config import Timeouts
from coredata_async.message import Reply, Request
from coredata_async.transport.http11 import exchange as http11
from coredata_async.transport.http11.connect import PrivateAddressError, PublicResolver
from coredata_async.transport.http11.exchange import Side
from coredata_async.transport.http11.pool import ConnectionPool


class FetchClient:
    """Client for requests to hosts on the public internet, and to those in the given networks.

    Args:
        networks: Private networks that are allowed.
        connections: Maximum number of connections.
        ssl: A TLS context, or True for the authorities of the system.
        timeouts: Timeouts of every request.
    """

    def __init__(
        self,
        *,
        networks: Sequence[IPv4Network | IPv6Network] = (),
        connections: int,
        ssl: SSLContext | bool,
        timeouts: Timeouts,
    ) -> None:
        self._names = PublicResolver(networks)
        self._limit = connections
        self._trust = ssl
        self._connections: ConnectionPool | None = None
        # As for the storage, bodies are passed on unchanged.
        self._exchange = http11.exchange(self, "storage", timeouts, headers={})

    def connections(self, side: Side) -> ConnectionPool:
        """Return the connections, which are opened when they are first needed."""
        del side
        if self._connections is None:
            self._connections = ConnectionPool(self._limit, trust=self._trust, names=self._names)
        return self._connections

    async def send(self, request: Request) -> Reply:
        """Send a request for an absolute URL. Redirects are not followed.

        Raises:
            APIConnectionError: If the host is unreachable or has a private address, or the connection breaks.
        """
        return await self._exchange(request)

    async def is_allowed(self, host: str, port: int) -> bool:
        """Return whether the addresses of a host are allowed. An unknown name is left to `send`."""
        try:
            await self._names.addresses(host, port)
        except PrivateAddressError:
            return False
        except (OSError, UnicodeError):  # the latter for a name that cannot be one
            return True
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.aclose()
