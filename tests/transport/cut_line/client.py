"""A client that sends POSTs into a cut link, and gives them up.

python -m tests.transport.cut_line.client TRANSPORT SCHEME END...

Prints "ready" when it has a connection for each way to end, waits for a line of input (the link is cut by
then), gives all requests up, prints "gave up", and keeps running, so that not its exit discards the unsent
bytes.
"""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import product

import aiohttp

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import CoreDataError
from coredata_async.message import Request, Send
from coredata_async.transport.aiohttp import exchange as over_aiohttp
from coredata_async.transport.http11 import exchange as lean
from coredata_async.transport.pool import Pool

from .hosts import SERVER
from .server import PLAIN, TLS

SIZES = {"small": 300, "large": 8 << 20}
"""The second is more than the kernel accepts: the rest waits in the process."""
BRISK = Timeouts(connect=5, response=0.3, stall=0.3)
PATIENT = Timeouts(connect=5, response=60, stall=60)
PAUSE = 0.4
"""Seconds after which a request has been sent as far as possible."""


def base_url(scheme: str) -> str:
    return f"{scheme}://{SERVER}:{TLS if scheme == 'https' else PLAIN}"


def make(transport: str, scheme: str, timeouts: Timeouts) -> tuple[Pool, Send, Send]:
    """Return a pool, a patient `Send` that opens its connection, and one with the given timeouts."""
    session = aiohttp.ClientSession() if transport == "session" else None
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    pool = Pool(Limits(), ssl=trust, api=session)
    way = lean.exchange if transport in {"lean", "uvloop"} else over_aiohttp.exchange
    open_connection, send = (
        way(pool, "api", each, headers={}, base_url=base_url(scheme)) for each in (PATIENT, timeouts)
    )
    return pool, open_connection, send


async def give_up(send: Send, pool: Pool, end: str, request: Request) -> None:
    sending = asyncio.ensure_future(send(request))
    if end == "timeout":
        with suppress(CoreDataError):
            await sending
        return
    await asyncio.sleep(PAUSE)
    match end:
        case "cancelled":
            sending.cancel()
        case "closed":
            await pool.aclose()
        case "dropped":
            pool.close_now()
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            os._exit(0)
    with suppress(CoreDataError, asyncio.CancelledError):
        async with asyncio.timeout(5):
            await sending


async def through_asyncio(scheme: str, target: str, ended: Callable[[], Awaitable[object]]) -> None:
    """Send a POST as ordinary programs do, without `SO_LINGER`."""
    port, trust = PLAIN, None
    if scheme == "https":
        port, trust = TLS, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection(SERVER, port, ssl=trust)
    await ended()
    writer.write(f"POST {target} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    await asyncio.sleep(PAUSE)
    writer.close()


async def run(transport: str, scheme: str, *ends: str) -> None:
    go = asyncio.Event()
    cases = []
    if transport == "asyncio":
        cases = [through_asyncio(scheme, f"/asyncio-{scheme}", go.wait)]
    for end, size in product(ends, SIZES) if transport != "asyncio" else ():
        pool, open_connection, send = make(transport, scheme, BRISK if end == "timeout" else PATIENT)
        await open_connection(Request("GET", "/warm"))
        target = f"/{transport}-{scheme}-{end}-{size}"
        request = Request("POST", target, body=bytes(SIZES[size]))
        cases.append(_then(go, give_up(send, pool, end, request)))
    tasks = [asyncio.ensure_future(case) for case in cases]
    await asyncio.sleep(0.05)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    go.set()
    await asyncio.wait(tasks)
    print("gave up", flush=True)
    await asyncio.sleep(60)


async def _then(go: asyncio.Event, case: Awaitable[None]) -> None:
    await go.wait()
    await case


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop

        uvloop.run(run(*sys.argv[1:]))
    else:
        asyncio.run(run(*sys.argv[1:]))
