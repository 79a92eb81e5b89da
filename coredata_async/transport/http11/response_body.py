"""Body of a response while it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from coredata_async.message import Request
from coredata_async.transport.errors import translate
from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.decompress import Unpacking
from coredata_async.transport.http11.errors import BrokenError, Http11Error
from coredata_async.transport.http11.pool import ConnectionPool


class ResponseBody:
    """Iterator over the blocks of a body; `stall` limits the wait for each one."""

    def __init__(
        self,
        request: Request,
        connection: Connection,
        connections: ConnectionPool,
        stall: float | None,
        unpacking: Unpacking | None,
    ) -> None:
        self._request = request
        self._connection: Connection | None = connection
        self._connections = connections
        self._stall = stall
        self._unpacking = unpacking
        self._ended = False
        connection.clock.deadline = None  # stops the timer for the start of the response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while block := await self._next():
                for piece in self._pieces(block):
                    yield piece
            if self._unpacking is not None:
                self._unpacking.end()
        except Http11Error as exc:
            failure = translate(exc, self._request, stalled=True)
        else:
            return
        raise failure  # see `exchange`

    async def aclose(self) -> None:
        """Release the connection without waiting for unread data."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.release(connection)

    async def _next(self) -> bytes:
        connection = self._connection
        if self._ended:
            return b""
        if connection is None:
            raise BrokenError("the response was already closed")
        if not connection.parser.blocks:
            connection.clock.start(self._stall)
            await connection.more()
            connection.clock.deadline = None
        block = connection.take()
        self._ended = not block
        return block

    def _pieces(self, block: bytes) -> Iterable[bytes]:
        return (block,) if self._unpacking is None else self._unpacking.feed(block)
