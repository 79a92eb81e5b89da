"""Connections of one client, our own or aiohttp's, and the selection between them for each request.

They are opened when first needed, and bound to their event loop.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Awaitable, Mapping
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from attrs import define, field

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.message import Reply, Request, Send
from coredata_async.secret import Secret, conceal
from coredata_async.transport.closing import abort_session, close
from coredata_async.transport.http11 import exchange as http11
from coredata_async.transport.http11.exchange import Side
from coredata_async.transport.http11.pool import ConnectionPool
from coredata_async.transport.proxies import Proxies
from coredata_async.transport.throttle import OTHER_LOOP

if TYPE_CHECKING:  # few clients open a session, and importing aiohttp takes longer than all other imports
    from aiohttp import ClientSession

Transport = Literal["auto", "aiohttp"]
"""`auto` uses aiohttp only for unusual requests, see `exchange`; `aiohttp` uses it for everything."""
Session: TypeAlias = "ClientSession"
"""A session that the caller provides."""


def is_transport(word: str) -> TypeGuard[Transport]:
    """Return whether it is the name of a transport."""
    return word in {"auto", "aiohttp"}


def _verification(given: object) -> ssl.SSLContext | bool:
    """Return what verifies certificates; None means the default."""
    if given is None:
        return True
    if isinstance(given, ssl.SSLContext | bool):
        return given
    raise ConfigurationError(
        f"ssl must be an ssl.SSLContext, True or False, not a {type(given).__name__}; for a file of "
        "certificates, pass ssl.create_default_context(cafile=…)"
    )


@define(eq=False)
class Pool:
    """Connections to the service and, separately, to the storage.

    Sessions have no Authorization header, cookie jar or timeout of their own. A session that the
    caller provided is used unchanged and never closed.
    """

    limits: Limits
    proxy: Secret[str] | None = field(default=None, converter=conceal)
    """URL of a forward proxy. A secret, because it may contain a password."""
    ssl: ssl.SSLContext | bool = field(default=True, converter=_verification)
    trust_env: bool = False
    api: Session | None = field(default=None, repr=False)
    storage: Session | None = field(default=None, repr=False)
    transport: Transport = "auto"
    closed: bool = False
    proxies: Proxies = field(init=False)
    _http11: dict[Side, ConnectionPool] = field(factory=dict[Side, ConnectionPool], init=False, repr=False)
    _own: dict[Side, Session] = field(factory=dict[Side, Session], init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not is_transport(self.transport):
            raise ConfigurationError(f"transport must be 'auto' or 'aiohttp', not {self.transport!r}")
        self.proxies = Proxies.of(self.proxy, trust_env=self.trust_env)
        storage = self.storage
        for name, session in (("session", self.api), ("storage_session", storage)):
            if session is not None and not hasattr(session, "auto_decompress"):
                raise ConfigurationError(
                    f"{name} must be an aiohttp.ClientSession, not a {type(session).__name__}"
                )
        if storage is not None and ("Authorization" in storage.headers or storage.auth is not None):
            raise ConfigurationError(
                "storage_session has an Authorization header, which the storage must never see; "
                "remove it from the session"
            )

    def connections(self, side: Side) -> ConnectionPool:
        """Return our own connections of one side.

        Raises:
            CoreDataError: If the client is closed or belongs to another event loop.
        """
        if self.closed:
            raise CoreDataError("this client is closed; make a new one")
        if self._loop is not asyncio.get_running_loop():
            self._bind()
        connections = self._http11.get(side)
        if connections is None:
            connections = self._http11[side] = ConnectionPool(
                self.limits.connections, trust=self.ssl, discard_unsent=side == "api"
            )
        return connections

    def user_session(self, side: Side) -> Session | None:
        """Return the session that the caller provided for one side, or None."""
        return self.api if side == "api" else self.storage

    def session(self, side: Side) -> Session:
        """Return the aiohttp session for one side.

        Raises:
            CoreDataError: If the client is closed or belongs to another event loop.
        """
        brought = self.user_session(side)
        if self.closed:
            raise CoreDataError("this client is closed; make a new one")
        if brought is not None and brought.closed:
            raise CoreDataError("the session that was passed to this client is closed; pass an open one")
        if brought is not None and brought._loop is not asyncio.get_running_loop():  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            raise CoreDataError(
                "the session that was passed to this client belongs to another event loop; pass one that was "
                "created in this loop"
            )
        if self._loop is not asyncio.get_running_loop():
            self._bind()
        return brought or self._own.get(side) or self._open(side)

    async def aclose(self) -> None:
        """Close the connections that were opened here. A second call does nothing."""
        self.closed = True
        while self._own:
            await close(self._own.popitem()[1])
        while self._http11:
            await self._http11.popitem()[1].aclose()

    def close_now(self) -> None:
        """Close the connections without an event loop, for test runners and interpreter shutdown."""
        self.closed = True
        while self._http11:
            self._http11.popitem()[1].close_now()
        while self._own:
            abort_session(self._own.popitem()[1])

    def _bind(self) -> None:
        if self._loop is not None and (self._own or self._http11):
            raise CoreDataError(OTHER_LOOP)
        self._loop = asyncio.get_running_loop()

    def _open(self, side: Side) -> Session:
        import aiohttp  # noqa: PLC0415  # see above

        from coredata_async.transport.aiohttp.connector import Connector, Response  # noqa: PLC0415

        session = aiohttp.ClientSession(
            response_class=Response,
            connector=Connector(limit=self.limits.connections, ssl=self.ssl),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            # Bytes of the storage are compared with a digest, so they must arrive as stored. Those of the
            # service are decompressed by us, within limits, as on our own connections.
            auto_decompress=False,
        )
        # Otherwise aiohttp repeats GET, PUT and DELETE once when an idle connection has died: invisible to
        # `Retry`, and not counted in `attempts`. A public switch does not exist.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._own[side] = session
        return session


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
    quick = http11.exchange(pool, side, timeouts, headers=headers, base_url=base_url)

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
