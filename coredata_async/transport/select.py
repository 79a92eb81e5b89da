"""Selection of the transport for a request: our own HTTP/1.1 client, or aiohttp for unusual ones."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Mapping
from functools import cache
from types import FunctionType
from typing import Any

from coredata_async.config import Timeouts
from coredata_async.message import Reply, Request, Send
from coredata_async.transport.http11 import exchange as lean
from coredata_async.transport.pool import Pool, Side


def exchange(
    pool: Pool, side: Side, timeouts: Timeouts, *, headers: Mapping[str, str], base_url: str = ""
) -> Send:
    """Return the `Send` of one side.

    aiohttp handles requests through the caller's session or through a proxy. It handles everything while its
    methods are patched, because tools that record, fake or count requests there expect to see ours.
    """

    @cache
    def usual() -> Send:
        from coredata_async.transport.aiohttp import exchange as over_aiohttp  # noqa: PLC0415

        return over_aiohttp.exchange(pool, side, timeouts, headers=headers, base_url=base_url)

    if pool.transport == "aiohttp" or pool.proxy is not None or pool.user_session(side) is not None:
        return usual()
    proxied = bool(pool.proxies)
    if proxied:
        usual()  # now, and not later in an event loop
    quick = lean.exchange(pool, side, timeouts, headers=headers, base_url=base_url)

    def send(request: Request) -> Awaitable[Reply]:
        if not is_unpatched() or (proxied and _needs_proxy(pool, request, base_url)):
            return usual()(request)
        return quick(request)

    return send


def is_unpatched() -> bool:
    """Return whether aiohttp's sessions are unpatched: no other code observes or fakes their requests.

    The usual tools replace one of these: aioresponses, VCR and pook `_request`, OpenTelemetry and Sentry
    `__init__`. If aiohttp has not been imported, it cannot have been patched; importing it takes longer than
    all other imports of a client. The check takes 0.6 us.
    """
    session: Any = getattr(sys.modules.get("aiohttp"), "ClientSession", None)
    if session is None:
        return True
    init, request = session.__init__, session._request  # noqa: SLF001
    if type(init) is not FunctionType or type(request) is not FunctionType:
        return False
    return init.__globals__.get("__name__") == request.__globals__.get("__name__") == "aiohttp.client"


def _needs_proxy(pool: Pool, request: Request, base_url: str) -> bool:
    return (
        pool.proxies.of_url(request.target if request.is_absolute else base_url + request.target) is not None
    )
