"""aiohttp's connections, with checks before an idle one is reused; see `http11.reuse`."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from ssl import SSLContext
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from coredata_async.transport.http11.connect import AddressResolver
from coredata_async.transport.http11.parser import ALLOWANCE, HEAD_LIMIT
from coredata_async.transport.http11.reuse import KEPT_FOR, PROBATION, SOON, Reputation, idle_limit, watch


class Resolver(AbstractResolver):
    """Name resolution as for our own connections: a slow name delays no other."""

    def __init__(self) -> None:
        self._names = AddressResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host, of one family or all."""
        addresses = await self._names.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address[0] if len(address) == 2 or not address[3] else f"{address[0]}%{address[3]}",  # noqa: PLR2004
                port=address[1],
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in addresses
            if family in {socket.AF_UNSPEC, kind}
        ]

    async def close(self) -> None:
        """Do nothing: a look-up in progress ends by itself."""


class Protocol(ResponseHandler):
    """Protocol that limits what a server sends outside of a body, as our own parser does.

    aiohttp limits heads and trailers, but neither extensions of chunks nor the number of interim responses.
    """

    _outside = _body = 0
    """Bytes received outside of the body, and of the body."""

    def set_response_params(self, **options: Any) -> None:
        """Begin to count for the next response."""
        self._outside = self._body = 0
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Pass the data on, and close the connection if too little of it is the body."""
        super().data_received(data)
        payload: Any = self._payload
        before, self._body = self._body, getattr(payload, "total_bytes", 0)
        self._outside = max(0, self._outside + len(data) - max(0, self._body - before) * ALLOWANCE)
        if self._outside > 2 * HEAD_LIMIT and self.transport is not None:
            self.transport.abort()


class Connector(aiohttp.TCPConnector):
    """Connector that drops idle connections with unread data, and those older than their server allows.

    aiohttp examines an idle connection only when its loop does. No public hook exists between two
    exchanges, therefore this overrides private methods.
    """

    def __init__(self, *, limit: int, ssl: SSLContext | bool) -> None:
        super().__init__(limit=limit, ssl=ssl, resolver=Resolver())  # pyright: ignore[reportUnknownMemberType]
        make: Any = partial(Protocol, loop=self._loop)
        self._factory = make
        self.idle_limits: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        """By protocol: maximum idle time, in seconds."""
        self._reputation = Reputation()

    async def _get(self, key: Any, traces: Any) -> Any:
        if self._conns.get(key) and key not in self._reputation.trusted:
            await asyncio.sleep(PROBATION)
            self._reputation.trusted.add(key)
        kept: Any = self._conns.get(key)
        while kept and not self._is_reusable(key, *kept[0]):
            kept.popleft()
        if kept is not None and not kept:
            self._conns.pop(key, None)
        return await super()._get(key, traces)

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        if _has_more(protocol):
            self._reputation.accuse(key, monotonic())
        distrusted = self._reputation.is_distrusted(key, monotonic())
        closes = should_close or protocol.should_close or distrusted
        if closes:
            # An orderly close of TLS waits for the peer, and `close` no longer finds the connection.
            protocol.abort()
        super()._release(key, protocol, should_close=closes)

    def _is_reusable(self, key: Any, protocol: Any, since: float) -> bool:
        idle = monotonic() - since
        if not protocol.is_connected() or idle > self.idle_limits.get(protocol, KEPT_FOR):
            protocol.abort()
            return False
        unread = watch(protocol.transport.get_extra_info("socket").fileno())()
        if not unread and not protocol.should_close:
            return True
        # The loop first reads the data, to distinguish the end of the connection from an unsolicited
        # response. Until then, the connection counts as in use, so that `close` finds it.
        self._acquired.add(protocol)
        asyncio.get_running_loop().call_later(PROBATION, partial(self._drop, key, protocol, idle))
        return False

    def _drop(self, key: Any, protocol: Any, idle: float) -> None:
        if _has_more(protocol) and idle < SOON:
            self._reputation.accuse(key, monotonic())
        protocol.abort()
        self._release_acquired(key, protocol)


def _has_more(protocol: Any) -> bool:
    """Return whether data came after the response."""
    return bool(protocol._buffer or protocol._tail)  # noqa: SLF001


class Response(aiohttp.ClientResponse):
    """A response that passes the idle limit of its connection to the connector."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Read the head. The connection may be released before this returns."""
        protocol, connector = connection.protocol, connection._connector  # noqa: SLF001
        await super().start(connection)
        if isinstance(connector, Connector) and protocol is not None:
            connector.idle_limits[protocol] = idle_limit(self.headers.get("Keep-Alive", ""))
        return self
