"""Connection pool of one side: reuse, limit, and reliable closing."""

from __future__ import annotations

import asyncio
from collections import deque
from ssl import SSLContext
from typing import Final

from coredata_async.errors import CoreDataError
from coredata_async.transport.closing import abort_transport
from coredata_async.transport.http11.connect import AddressResolver, connect
from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.errors import LateConnectionError
from coredata_async.transport.http11.request_head import Origin
from coredata_async.transport.http11.reuse import KEPT_FOR, PROBATION, SOON, Reputation

READ: Final = 256 * 1024
"""Maximum bytes read at once."""


class ConnectionPool:
    """Pool that reuses the newest connection first, so that surplus ones expire."""

    def __init__(
        self,
        limit: int,
        *,
        trust: SSLContext | bool,
        discard_unsent: bool = False,
        names: AddressResolver | None = None,
    ) -> None:
        self._limit = limit
        self._trust = trust
        self._discard_unsent = discard_unsent
        self._names = names or AddressResolver()
        self._reputation = Reputation()
        self._buffer = memoryview(bytearray(READ))
        self._idle: dict[str, list[Connection]] = {}
        self._queue: deque[asyncio.Future[None]] = deque()
        self._busy = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._empty: asyncio.Future[None] | None = None
        self.open: set[Connection] = set()
        """All open connections."""
        self.closed = False

    def acquire_nowait(self, origin: Origin) -> Connection | None:
        """Return a free idle connection if no task is waiting, else None."""
        if self._busy < self._limit and not self._queue and origin.key in self._reputation.trusted:
            connection = self._take_idle(origin)
            if connection is not None:
                self._busy += 1
            return connection
        return None

    async def get(self, origin: Origin, patience: float | None) -> Connection:
        """Return an idle connection or a new one; at the limit, wait until another is released.

        Raises:
            CoreDataError: If the client was closed meanwhile.
            Http11Error: If a connection cannot be opened.
            ssl.SSLError: If its certificate is not trusted.
        """
        clock = asyncio.timeout(patience)
        try:
            async with clock:
                await self._acquire_slot()
                try:
                    await self._probe(origin)
                    return self._take_idle(origin) or await self._new(origin)
                except BaseException:
                    self._leave()
                    raise
        except TimeoutError:
            raise LateConnectionError("") from None

    def release(self, connection: Connection) -> None:
        """Release a connection: keep it for reuse if it is usable and its server keeps it, else close it."""
        now, reputation = self._loop.time(), self._reputation
        if connection.parser.unexpected_data:
            reputation.accuse(connection.key, now)
        keep = connection.usable and connection.idle_limit > 0 and not self.closed
        if keep and not (reputation.distrusted and reputation.is_distrusted(connection.key, now)):
            connection.idle_since, connection.expires = now, now + connection.idle_limit
            self._idle.setdefault(connection.key, []).append(connection)
            if self._sweep is None:
                self._sweep = self._loop.call_later(KEPT_FOR, self._remove_expired)
        else:
            connection.abort()
        if self._queue:
            self._leave()
        else:
            self._busy -= 1

    async def aclose(self) -> None:
        """Close all connections, and wait until they are closed."""
        self._stop()
        for connection in self.open:
            connection.abort()
        while self.open:
            self._empty = self._empty or self._loop.create_future()
            await self._empty

    def close_now(self) -> None:
        """Close all connections without an event loop."""
        self._stop()
        for connection in list(self.open):
            abort_transport(connection.transport)
        self.open.clear()

    def _take_idle(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin.key)
        while idle:
            connection = idle.pop()
            now = self._loop.time()
            if connection.is_reusable(now):
                return connection
            connection.retire() if connection.usable and connection.expires > now else connection.abort()
        return None

    async def _probe(self, origin: Origin) -> None:
        """Give an origin time to send an unsolicited response before its first connection is reused."""
        if origin.key not in self._reputation.trusted and self._idle.get(origin.key):
            await asyncio.sleep(PROBATION)
            self._reputation.trusted.add(origin.key)

    async def _new(self, origin: Origin) -> Connection:
        connection = await connect(
            origin,
            self._names,
            lambda: Connection(origin.key, self._buffer, self._remove_closed),
            trust=self._trust,
            discard_unsent=self._discard_unsent,
        )
        if self.closed:
            connection.abort()
            raise CoreDataError("this client was closed")
        self.open.add(connection)
        return connection

    async def _acquire_slot(self) -> None:
        if self._busy < self._limit and not self._queue:
            self._busy += 1
            return
        turn = self._loop.create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the slot had just been assigned
                self._leave()
            raise

    def _leave(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)  # passes the slot on
                return
        self._busy -= 1

    def _remove_closed(self, connection: Connection) -> None:
        now = self._loop.time()
        if connection.parser.unexpected_data and now - connection.idle_since < SOON:
            self._reputation.accuse(connection.key, now)
        self.open.discard(connection)
        if not self.open and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    def _remove_expired(self) -> None:
        """Close connections that have been idle for too long."""
        self._sweep = None
        now = self._loop.time()
        for key, idle in list(self._idle.items()):
            young = [each for each in idle if each.is_reusable(now)]
            for connection in idle:
                if connection not in young:
                    connection.abort()
            if young:
                self._idle[key] = young
            else:
                del self._idle[key]
        if self._idle:
            self._sweep = self._loop.call_later(KEPT_FOR, self._remove_expired)

    def _stop(self) -> None:
        self.closed = True
        self._idle.clear()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
