"""The client of CoreData: its options, its services, and the engine that moves its files.

Services, and the modules that move files, are imported when they are first used. A program that cannot wait
for an import in a running event loop names the module beforehand: `import coredata_async.services.files`.
"""

# ruff: noqa: PLC0415  # see the docstring

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Final, Self, Unpack
from weakref import WeakValueDictionary

from attrs import evolve

from coredata_async.call import perform
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.environment import Options, base_address, from_environment
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Send
from coredata_async.secret import Secret, SecretMapping, conceal, wrap_secrets
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import service_chain, storage_chain
from coredata_async.transport.options import ConnectionOptions, HttpClient, Lazy
from coredata_async.transport.pool import Session, Transport
from coredata_async.transport.retry import Budget
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook

if TYPE_CHECKING:  # at run time they are imported when they are first used
    from coredata_async.listing import Listing
    from coredata_async.resources.projects import Project
    from coredata_async.resources.users import User
    from coredata_async.services import nouns
    from coredata_async.services.files import Files
    from coredata_async.services.projects import Projects
    from coredata_async.transfer.engine import Engine
    from coredata_async.transfer.url_expiry import Admission

_NOUNS: Final = "coredata_async.services.nouns"


class CoreData(HttpClient):
    """Client of one CoreData tenant: `async with CoreData(url, api_user=…, api_key=…) as client`.

    It can be created without a running event loop. Connections open when first needed, belong to the loop
    that opened them, and are closed by `async with` or `aclose()`. One client serves any number of tasks.

    Args:
        base_url: `https://<tenant>.coredata.is`; `http://` only on loopback.
        api_user: Username for API version 2.
        api_key: Key for API version 2.
        api_key_v3: Key for version 3, which is sent without a user; defaults to `api_key`.
        timeouts: Timeouts for the parts of an exchange, in seconds.
        retry: Policy for sending a request again.
        limits: Maximum numbers of concurrent requests, connections and uploads.
        proxy: URL of a forward proxy, as `http://user:password@proxy.example:3128`; http or https, not SOCKS.
        ssl: A context, for instance with your own certificate authority.
        trust_env: True to take proxies from the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
            `NO_PROXY`, which are read once, by the constructor.
        headers: Further headers for the service; they are not sent to the storage.
        app_info: Name and version of your program, for the User-Agent.
        session: Your own aiohttp session for the service, of the same loop and without `auth`; not closed.
        storage_session: Your own aiohttp session for the storage; it must not have an Authorization header.
        hooks: Functions called after every attempt; `otel.OpenTelemetryHook` creates spans and metrics.
        transport: `auto` uses our own HTTP/1.1 connections, which take half of aiohttp's time. It uses
            aiohttp for requests through a proxy or your session, and while its methods are patched, as by
            aioresponses, VCR, OpenTelemetry and Sentry. `aiohttp` uses it for everything.

    Raises:
        ConfigurationError: If an argument is missing or invalid, or would send the key to a wrong or
            unencrypted address.
    """

    spaces: Lazy[nouns.Spaces] = Lazy(_NOUNS, "Spaces")
    blobs: Lazy[nouns.Blobs] = Lazy(_NOUNS, "Blobs")
    folders: Lazy[nouns.Folders] = Lazy(_NOUNS, "Folders")
    tasks: Lazy[nouns.Tasks] = Lazy(_NOUNS, "Tasks")
    contacts: Lazy[nouns.Contacts] = Lazy(_NOUNS, "Contacts")
    users: Lazy[nouns.Users] = Lazy(_NOUNS, "Users")
    comments: Lazy[nouns.Comments] = Lazy(_NOUNS, "Comments")
    value_lists: Lazy[nouns.ValueLists] = Lazy(_NOUNS, "ValueLists")
    dynatypes: Lazy[nouns.Dynatypes] = Lazy(_NOUNS, "Dynatypes")
    documents: Lazy[nouns.Documents] = Lazy(_NOUNS, "Documents")
    _home: Lazy[nouns.UserHome] = Lazy(_NOUNS, "UserHome")

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
        # First, because crash reporters print the variables of this frame for errors raised below.
        api_key, api_key_v3, proxy = conceal(api_key), conceal(api_key_v3), conceal(proxy)
        headers = SecretMapping(dict(headers or {}))
        base_url = base_address(base_url)
        if not api_user or not api_key:
            raise ConfigurationError(
                "api_user and api_key are missing: pass both, or set COREDATA_API_USER and COREDATA_API_KEY "
                "and use CoreData.from_env()"
            )
        self._credentials = Credentials(api_user, api_key, api_key_v3 or api_key)
        self._project_locks = WeakValueDictionary[str, asyncio.Lock]()
        options = ConnectionOptions(
            timeouts=timeouts,
            retry=retry,
            limits=limits,
            proxy=proxy,
            ssl=ssl,
            trust_env=trust_env,
            headers=headers,
            app_info=app_info,
            session=session,
            hooks=hooks,
            transport=transport,
        )
        super().__init__(base_url, options, storage_session)

    @classmethod
    def from_env(cls, base_url: str | None = None, **options: Unpack[Options]) -> Self:
        """Create a client from `COREDATA_…` variables. Arguments override the environment.

        `COREDATA_BASE_URL COREDATA_API_USER COREDATA_API_KEY COREDATA_API_KEY_V3 COREDATA_TIMEOUT` (seconds
        for a response) `COREDATA_MAX_RETRIES COREDATA_LOG` (debug, info, warning) `COREDATA_CA_BUNDLE`
        `COREDATA_TRANSPORT` (auto, aiohttp) `COREDATA_PROXY` (URL). An empty value counts as unset.

        Raises:
            ConfigurationError: If a mandatory value is missing, or a variable has an invalid value.
        """
        overrides = wrap_secrets(options)
        del options
        address, arguments = from_environment(os.environ)
        arguments.update(overrides)
        return cls(base_url or address, **arguments)

    @cached_property
    def projects(self) -> Projects:
        """See `services.projects.Projects`."""
        from coredata_async.services.projects import Projects

        return Projects(self._send, self._project_locks)

    @cached_property
    def files(self) -> Files:
        """See `services.files.Files`."""
        from coredata_async.services.files import Files
        from coredata_async.transfer.fetch import Fetcher

        engine = self.engine()
        fetcher = Fetcher(
            engine.api,
            engine.storage,
            engine.retry,
            self._shared_limits.open_files,
            base_url=engine.tenant,
            observe=engine.observe,
        )
        return Files(engine.api, engine.uploader, fetcher, engine.limits)

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

        Sends one request, and repeats it if that is safe. Holds the response, at most 64 MiB, in memory.

        Args:
            method: `GET`, `POST`, …
            path: From `/api/` to the final slash, with or without a query.
            query: Further parameters.
            json: Request body, encoded as JSON.
            expect: The only status that means success.
            repeatable: Whether the request is safe to repeat; by default all methods but POST and PATCH are.

        Raises:
            ConfigurationError: If the path is not one of the service or lacks its final slash, or the body
                cannot be sent as JSON.
            OutcomeUnknownError: If it is unknown whether a request that must not be repeated was carried out.
            APIError: If the request fails; the subclass gives the reason.
        """
        from coredata_async.wire.calls import free_request

        call = free_request(method, path, query=query, json=json, expect=expect, repeatable=repeatable)
        return await perform(self._send, call)

    async def me(self) -> User:
        """Return the user that the key belongs to. Sends one request; safe to repeat.

        See: https://docs.wise.is/cored/current-user
        """
        return await self._home.me()

    def recent_projects(self) -> Listing[Project]:
        """List the last ten projects that the current user visited, as recorded by the service.

        Sends one request when it is read; safe to repeat.

        See: https://docs.wise.is/cored/user-home
        """
        return self._home.recent_projects()

    def engine(
        self,
        *,
        api: Slots | None = None,
        storage: Slots | None = None,
        budget: Budget | None = None,
        hooks: Sequence[Hook] = (),
        around_storage: Callable[[Send], Send] = lambda send: send,
        admission: Admission | None = None,
    ) -> Engine:
        """Return the engine that transfers this client's files, for code built on it such as bulk jobs.

        Args:
            api: Slots for requests to the service instead of those of `Limits`.
            storage: Slots for requests to the storage instead of those of `Limits`.
            budget: Tokens for retries instead of the client's.
            hooks: Called after every attempt, in addition to the client's own.
            around_storage: Wraps the `Send` for the storage, for instance with a bandwidth limit.
            admission: Decides when an upload may reserve its URL.
        """
        from coredata_async.operations import observe_with
        from coredata_async.transfer.drive import Driver
        from coredata_async.transfer.engine import Engine
        from coredata_async.transfer.probe import RegistrationProbe
        from coredata_async.transfer.store import Storer
        from coredata_async.transfer.uploads import Uploader

        limits = evolve(
            self._shared_limits,
            api=api or self._shared_limits.api,
            storage=storage or self._shared_limits.storage,
            budget=budget or self._shared_limits.budget,
        )
        options = evolve(self._send_options, hooks=(*self._send_options.hooks, *hooks))
        observe = observe_with(options.hooks)
        send = service_chain(self._pool, limits, options, self._base_url, self._credentials)
        put = around_storage(storage_chain(self._pool, limits, options, self._credentials))
        driver = Driver(
            send,
            Storer(send, put, options.retry, admission, observe=observe),
            RegistrationProbe(send, options.retry, observe=observe),
            observe=observe,
        )
        return Engine(
            api=send,
            storage=put,
            uploader=Uploader(driver, limits.streams, limits.open_files),
            retry=options.retry,
            limits=self._limits,
            tenant=self._base_url,
            account=self._credentials.user,
            observe=observe,
        )

    def arguments(self) -> tuple[str, Options]:
        """Return the arguments for an equal client in another process, with keys wrapped."""
        credentials = self._credentials
        return self._base_url, Options(
            **self._connection_options(),
            api_user=credentials.user,
            api_key=credentials.key,
            api_key_v3=credentials.key_v3,
            storage_session=self._pool.storage,
        )

    def __repr__(self) -> str:
        return f"CoreData({self._base_url!r}, api_user={self._credentials.user!r})"

    @cached_property
    def _send(self) -> Send:
        return service_chain(
            self._pool, self._shared_limits, self._send_options, self._base_url, self._credentials
        )
