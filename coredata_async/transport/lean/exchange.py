"""One HTTP exchange on connections of our own: the innermost `Send` for all that is usual."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from coredata_async.config import Timeouts
from coredata_async.message import Body, Held, Reply, Request, Send
from coredata_async.transport.lean.arriving import Arriving
from coredata_async.transport.lean.connection import Connection
from coredata_async.transport.lean.faults import LateError, LineError
from coredata_async.transport.lean.heads import Heads
from coredata_async.transport.lean.origins import Origin, checked, origin, split
from coredata_async.transport.lean.sending import TOGETHER, Sending
from coredata_async.transport.lean.unpacking import unpacked, unpacking
from coredata_async.transport.pool import Pool, Side
from coredata_async.transport.trouble import translated

_REFUSED = 300


def exchange(
    pool: Pool, side: Side, timeouts: Timeouts, *, headers: Mapping[str, str], base_url: str = ""
) -> Send:
    """Make the `Send` of one side; see `transport.exchange`, which does the same over aiohttp.

    Measured beside that one: an exchange takes 4.8 times less CPU (51 to 233 us, 22 KB, 32 at once); a small
    file through all three steps, with everything on, 2.6 times less; 1 GiB about as much, the system's part.
    """
    heads = Heads(headers)
    unpacks = side == "api"  # bytes of the storage are compared with a digest: they come as they are stored

    async def send(request: Request) -> Reply:
        lines = pool.connections(side)
        try:
            where, target = _apart(request, base_url)
            body = request.body
            size = None if body is None else len(body) if isinstance(body, bytes) else body.size
            head = heads.write(request.method, target, where.header, request.headers, size)
            connection = lines.take(where) or await lines.get(where, timeouts.connect)
        except (LineError, ValueError, ssl.SSLError) as exc:
            raise translated(exc, request) from None
        streams = False
        request.note_dispatch(possible=True)
        try:
            connection.begin(bodiless=request.method == "HEAD", streams=request.stream)
            await _answered(connection, head, body, timeouts, request)
            answers = connection.answers
            if request.stream and answers.status >= _REFUSED:
                connection.read_whole()
                await connection.arrived()
            found = answers.headers()
            coding = found.get("Content-Encoding") if unpacks else None
            streams = request.stream and answers.status < _REFUSED
            if streams:
                undo = unpacking(coding) if coding else None
                return Reply(
                    answers.status, found, content=Arriving(request, connection, lines, timeouts.stall, undo)
                )
            return Reply(
                answers.status, found, unpacked(answers.take(), coding) if coding else answers.take()
            )
        except LineError as exc:
            raise translated(exc, request) from None
        finally:
            if not streams:
                lines.give(connection)

    return send


def _apart(request: Request, base_url: str) -> tuple[Origin, str]:
    if request.whole:
        return split(request.target)
    return origin(base_url), checked(request.target)


async def _answered(
    connection: Connection, head: bytes, body: bytes | Body | None, timeouts: Timeouts, request: Request
) -> None:
    """Send everything, and wait for the answer; it may come before everything is sent."""
    response = timeouts.response and timeouts.response * request.patience
    if body is None or (isinstance(body, bytes) and len(body) <= TOGETHER):
        connection.transport.write(head + body if body else head)
        connection.clock.start(response)
        await connection.arrived()
        return
    sending = Sending(connection, Held(body) if isinstance(body, bytes) else body, timeouts.stall)
    sending.start(head, response)
    try:
        await connection.arrived()
    except LineError:
        await sending.settled()
        if sending.failure is not None:
            request.note_dispatch(possible=False)  # its last block is missing: no server carries that out
            raise sending.failure from None
        if sending.stalled:  # it broke because we have closed it
            raise translated(LateError("it takes nothing"), request, stalled=True) from None
        raise
    finally:
        await sending.settled()
