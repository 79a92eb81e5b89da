"""Connection of a request: its reset, and the detection of its end."""

import asyncio
import socket
import struct
from typing import cast

from aiohttp import web

_LINGER_ZERO = struct.pack("ii", 1, 0)
_LOOK = 0.02


def reset(request: web.BaseRequest) -> None:
    """Break the connection off with a TCP RST."""
    transport = request.transport
    if transport is None:
        return
    # A plain abort() sends FIN; closing a socket with a linger time of zero sends RST.
    raw = cast("socket.socket | None", transport.get_extra_info("socket"))
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


def hang_up(request: web.BaseRequest) -> None:
    """Send the written bytes and close: the client sees a body that ends too soon."""
    if request.transport is not None:
        request.transport.close()


async def wait_closed(request: web.BaseRequest) -> None:
    """Wait until the client has closed the connection."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 (without an event)
        await asyncio.sleep(_LOOK)
