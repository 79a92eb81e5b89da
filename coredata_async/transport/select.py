"""Which of the two exchanges carries a request: the lean one, unless something about it is unusual."""

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
    """Make the `Send` of one side.

    aiohttp carries what goes through a session the user brought or through a proxy, and everything as long
    as somebody has put something of his own in the place of its methods: whoever records, fakes or counts
    requests there expects ours among them.
    """

    @cache
    def usual() -> Send:
        from coredata_async.transport.aiohttp import exchange as over_aiohttp  # noqa: PLC0415

        return over_aiohttp.exchange(pool, side, timeouts, headers=headers, base_url=base_url)

    if pool.transport == "aiohttp" or pool.proxy is not None or pool.user_session(side) is not None:
        return usual()
    if pool.proxies:
        usual()  # now, rather than in the middle of an event loop
    quick = lean.exchange(pool, side, timeouts, headers=headers, base_url=base_url)

    def send(request: Request) -> Awaitable[Reply]:
        if not is_unpatched() or (pool.proxies and _needs_proxy(pool, request, base_url)):
            return usual()(request)
        return quick(request)

    return send


def is_unpatched() -> bool:
    """Whether aiohttp's sessions are as aiohttp has made them: nobody listens in, or answers in their place.

    Those who do replace one of these: aioresponses, VCR and pook `_request`, OpenTelemetry and Sentry
    `__init__`. Nobody has, as long as aiohttp was not even imported, which takes longer than importing all
    the rest of a client. It takes 0.6 us.
    """
    session: Any = getattr(sys.modules.get("aiohttp"), "ClientSession", None)
    return session is None or (_genuine(session.__init__) and _genuine(session._request))  # noqa: SLF001


def _genuine(method: object) -> bool:
    return type(method) is FunctionType and method.__globals__.get("__name__") == "aiohttp.client"


def _needs_proxy(pool: Pool, request: Request, base_url: str) -> bool:
    return (
        pool.proxies.of_url(request.target if request.is_absolute else base_url + request.target) is not None
    )
