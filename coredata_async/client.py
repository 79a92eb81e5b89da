"""The client of CoreData: its options, its services, and the engine that moves its files.

Services, and the modules that move files, are imported when they are first used. A program that cannot wait
for an import in a running event loop names the module beforehand: `import coredata_async.services.files`.
"""

# ruff: noqa: PLC0415  # see above

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
from coredata_async.environment import Options, base_address, from_environment, wrap_secrets
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Send
from coredata_async.secret import Secret, SecretMapping, conceal
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import api_chain, storage_chain
from coredata_async.transport.client import HttpClient, Lazy
from coredata_async.transport.options import ConnectionOptions
from coredata_async.transport.pool import Session, Transport
from coredata_async.transport.retry import Budget
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook

if TYPE_CHECKING:  # at run time they are imported when they are first used: see above
    from coredata_async.listing import Listing
    from coredata_async.resources.projects import Project
    from coredata_async.resources.users import User
    from coredata_async.services import nouns
    from coredata_async.services.files import Files
    from coredata_async.services.projects import Projects
    from coredata_async.transfer.admission import Admission
    from coredata_async.transfer.engine import Engine

_NOUNS: Final = "coredata_async.services.nouns"


class CoreData(HttpClient):
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
        # First of all: what is raised below shows the variables of this frame to crash reporters.
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
        from coredata_async.wire.requests import free_request

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
        """Return what moves this client's files, for those who build on it, as the bulk uploader does.

        Args:
            api: Other gates for requests to the service than those of `Limits`.
            storage: Likewise for the storage.
            budget: For repeats, other than the client's.
            hooks: Called after every attempt, besides the client's own.
            around_storage: Laid around the `Send` for the storage, as a limit of bytes per second.
            admission: Decides when an upload may reserve its URL.
        """
        from coredata_async.operations import observe_with
        from coredata_async.transfer.drive import Driver
        from coredata_async.transfer.engine import Engine
        from coredata_async.transfer.probe import RegistrationProbe
        from coredata_async.transfer.store import Storer
        from coredata_async.transfer.uploads import Uploader

        gates = evolve(
            self._shared_limits,
            api=api or self._shared_limits.api,
            storage=storage or self._shared_limits.storage,
            budget=budget or self._shared_limits.budget,
        )
        manner = evolve(self._send_options, hooks=(*self._send_options.hooks, *hooks))
        observe = observe_with(manner.hooks)
        send = api_chain(self._pool, gates, manner, self._base_url, self._credentials)
        put = around_storage(storage_chain(self._pool, gates, manner, self._credentials))
        driver = Driver(
            send,
            Storer(send, put, manner.retry, admission, observe=observe),
            RegistrationProbe(send, manner.retry, observe=observe),
            observe=observe,
        )
        return Engine(
            api=send,
            storage=put,
            uploader=Uploader(driver, gates.streams, gates.open_files),
            retry=manner.retry,
            limits=self._limits,
            tenant=self._base_url,
            account=self._credentials.user,
            observe=observe,
        )

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

    def __repr__(self) -> str:
        return f"CoreData({self._base_url!r}, api_user={self._credentials.user!r})"

    @cached_property
    def _send(self) -> Send:
        return api_chain(
            self._pool, self._shared_limits, self._send_options, self._base_url, self._credentials
        )
