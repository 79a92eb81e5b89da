"""The client: what it is told, and how it is opened, copied and closed. What it offers is in `wiring`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import copy
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from coredata_async.call import perform
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.environment import Options, base_address, from_environment, wrap_secrets
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply
from coredata_async.secret import Secret, SecretMapping, conceal
from coredata_async.services.project_locks import ProjectLocks
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import SendOptions, SharedLimits
from coredata_async.transport.pool import Pool, Session, Transport
from coredata_async.transport.trace import Hook
from coredata_async.wiring import Wiring

if TYPE_CHECKING:
    from coredata_async.listing import Listing
    from coredata_async.resources.projects import Project
    from coredata_async.resources.users import User


class CoreData(Wiring):
    """A tenant of CoreData: `async with CoreData(url, api_user=…, api_key=…) as client`.

    It can be made without a running event loop. Connections open when first needed, belong to the loop
    that opened them, and are closed by `async with` or `aclose()`. One client serves any number of tasks.

    Args:
        base_url: `https://<tenant>.coredata.is`; `http://` only on loopback.
        api_user: Username for API version 2.
        api_key: Its key.
        api_key_v3: Key for version 3, which wants a key alone; defaults to `api_key`.
        timeouts: How long to wait for what.
        retry: When to send again.
        limits: How much at once.
        proxy: URL of a forward proxy, as `http://user:password@proxy.example:3128`; http or https, not SOCKS.
        ssl: A context, for instance with your own authority.
        trust_env: Whether to take proxies from the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`
            and `NO_PROXY`, read once, here.
        headers: Further headers for the service; the storage never gets them.
        app_info: Your program's name and version, for the User-Agent.
        session: Your own aiohttp session for the service; it is not closed.
        storage_session: Your own for the storage; it must have no Authorization.
        hooks: Called after every attempt at an exchange.
        transport: `auto` carries requests on connections of our own, in half of aiohttp's time, and leaves to
            aiohttp what goes through a proxy or through your session, or while somebody has put his own
            in the place of its methods, as aioresponses, VCR, OpenTelemetry and Sentry do; `aiohttp`
            leaves it everything.

    Raises:
        ConfigurationError: Something is missing, or would send the key where it does not belong.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_user: str | None = None,
        api_key: str | Secret[str] | None = None,
        api_key_v3: str | Secret[str] | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        proxy: str | Secret[str] | None = None,
        ssl: SSLContext | bool = True,
        trust_env: bool = False,
        headers: Mapping[str, str] | None = None,
        app_info: str | None = None,
        session: Session | None = None,
        storage_session: Session | None = None,
        hooks: Sequence[Hook] = (),
        transport: Transport = "auto",
    ) -> None:
        # First of all: what is raised below shows the variables of this frame to crash reporters.
        api_key, api_key_v3, proxy = conceal(api_key), conceal(api_key_v3), conceal(proxy)
        headers = SecretMapping(dict(headers or {}))
        self._base_url = base_address(base_url)
        if not api_user or not api_key:
            raise ConfigurationError(
                "api_user and api_key are missing: pass both, or set COREDATA_API_USER and COREDATA_API_KEY "
                "and use CoreData.from_env()"
            )
        self._credentials = Credentials(api_user, api_key, api_key_v3 or api_key)
        self._limits = limits or Limits()
        self._pool = Pool(self._limits, proxy, ssl, trust_env, session, storage_session, transport)
        self._send_options = SendOptions(
            timeouts=timeouts or Timeouts(),
            retry=retry or Retry(),
            headers=headers,
            hooks=tuple(hooks),
            app_info=app_info,
        )
        self._shared_limits = SharedLimits.of(self._limits, self._send_options.retry)
        self._project_locks = ProjectLocks()

    @classmethod
    def from_env(cls, base_url: str | None = None, **options: Unpack[Options]) -> Self:
        """Make a client from `COREDATA_…` variables; an argument beats the environment.

        `COREDATA_BASE_URL COREDATA_API_USER COREDATA_API_KEY COREDATA_API_KEY_V3 COREDATA_TIMEOUT` (seconds
        for an answer) `COREDATA_MAX_RETRIES COREDATA_LOG` (debug, info, warning) `COREDATA_CA_BUNDLE`
        `COREDATA_TRANSPORT` (auto, aiohttp) `COREDATA_PROXY` (URL). An empty value counts as unset.

        Raises:
            ConfigurationError: Something is missing, or a variable does not hold what it should.
        """
        given = wrap_secrets(options)
        del options
        address, found = from_environment(os.environ)
        found.update(given)
        return cls(base_url or address, **found)

    def with_options(
        self,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        hooks: Sequence[Hook] | None = None,
    ) -> Self:
        """A copy that behaves otherwise on the same connections, limits and budget; this one stays as it is.

        Closing either closes both.
        """
        other = copy(self)
        other._send_options = self._send_options.evolve(  # noqa: SLF001  # of our own class
            timeouts=timeouts, retry=retry, headers=headers, hooks=hooks
        )
        other._reset_services()  # noqa: SLF001
        return other

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        expect: int = 200,
        repeatable: bool | None = None,
    ) -> Reply:
        """Send any request to the service, with key, retries, redaction and typed errors.

        Args:
            method: `GET`, `POST`, …
            path: From `/api/` to the final slash, with or without a query.
            query: Further parameters.
            json: A body.
            expect: The exact status that means success.
            repeatable: Whether sending it twice does no harm; by default as HTTP says: all but POST and
                PATCH.

        Raises:
            APIError: By its subclass.
        """
        from coredata_async.wire.requests import free_request  # noqa: PLC0415  # see `wiring`

        call = free_request(method, path, query=query, json=json, expect=expect, repeatable=repeatable)
        return await perform(self._send, call)

    async def me(self) -> User:
        """The user the key belongs to: one exchange.

        See: https://docs.wise.is/cored/current-user
        """
        return await self._home.me()

    def recent_projects(self) -> Listing[Project]:
        """The last ten projects that user visited, by the service's memory.

        See: https://docs.wise.is/cored/user-home
        """
        return self._home.recent_projects()

    @property
    def closed(self) -> bool:
        """Return whether `aclose` was called."""
        return self._pool.closed

    async def aclose(self) -> None:
        """Close the connections; a second call does nothing."""
        await self._pool.aclose()

    def close_now(self) -> None:
        """Drop the connections without an event loop: for test runners whose loop has gone."""
        self._pool.close_now()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"CoreData({self._base_url!r}, api_user={self._credentials.user!r})"

    def arguments(self) -> tuple[str, Options]:
        """Return what makes a client like this one elsewhere: base URL and keywords, keys wrapped."""
        who, pool, manner = self._credentials, self._pool, self._send_options
        return self._base_url, Options(
            api_user=who.user,
            api_key=who.key,
            api_key_v3=who.key_v3,
            timeouts=manner.timeouts,
            retry=manner.retry,
            limits=self._limits,
            proxy=pool.proxy,
            ssl=pool.ssl,
            trust_env=pool.trust_env,
            headers=manner.headers,
            app_info=manner.app_info,
            session=pool.api,
            storage_session=pool.storage,
            hooks=manner.hooks,
            transport=pool.transport,
        )
