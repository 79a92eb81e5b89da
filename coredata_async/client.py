"""The client: wiring, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, Unpack, cast

from attrs import evolve

from coredata_async.call import perform
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.environment import Options, base_address, from_environment
from coredata_async.errors import ConfigurationError
from coredata_async.listing import Listing
from coredata_async.message import Reply, Send
from coredata_async.resources.projects import Project
from coredata_async.resources.users import User
from coredata_async.services.blobs import Blobs
from coredata_async.services.comments import Comments
from coredata_async.services.contacts import Contacts
from coredata_async.services.documents import Documents
from coredata_async.services.dynatypes import Dynatypes
from coredata_async.services.files import Files
from coredata_async.services.folders import Folders
from coredata_async.services.projects import Projects, Turns
from coredata_async.services.spaces import Spaces
from coredata_async.services.tasks import Tasks
from coredata_async.services.user_home import UserHome
from coredata_async.services.users import Users
from coredata_async.services.value_lists import ValueLists
from coredata_async.transfer.drive import Driver
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.fetch import Fetcher
from coredata_async.transfer.settle import Settler
from coredata_async.transfer.uploads import Uploader
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import Gates, Manner, api_chain, storage_chain
from coredata_async.transport.pool import Pool, Session
from coredata_async.transport.retry import Budget
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook
from coredata_async.wire.requests import free_request


class CoreData:
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
        proxy: URL of a forward proxy.
        ssl: A context, for instance with your own authority.
        trust_env: Whether to take proxies from the environment (`HTTPS_PROXY`, `NO_PROXY`).
        headers: Further headers for the service; the storage never gets them.
        app_info: Your program's name and version, for the User-Agent.
        session: Your own aiohttp session for the service; it is not closed.
        storage_session: Your own for the storage; it must have no Authorization.
        hooks: Called after every attempt at an exchange.

    Raises:
        ConfigurationError: Something is missing, or would send the key where it does not belong.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_user: str | None = None,
        api_key: str | None = None,
        api_key_v3: str | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        proxy: str | None = None,
        ssl: SSLContext | bool = True,
        trust_env: bool = False,
        headers: Mapping[str, str] | None = None,
        app_info: str | None = None,
        session: Session | None = None,
        storage_session: Session | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._base_url = base_address(base_url)
        if not api_user or not api_key:
            raise ConfigurationError(
                "api_user and api_key are missing: pass both, or set COREDATA_API_USER and COREDATA_API_KEY "
                "and use CoreData.from_env()"
            )
        self._credentials = Credentials(api_user, api_key, api_key_v3 or api_key)
        self._limits = limits or Limits()
        self._pool = Pool(self._limits, proxy, ssl, trust_env, session, storage_session)
        self._manner = Manner(
            timeouts=timeouts or Timeouts(),
            retry=retry or Retry(),
            headers=dict(headers or {}),
            hooks=tuple(hooks),
            app_info=app_info,
        )
        self._gates = Gates.of(self._limits, self._manner.retry)
        self._turns = Turns()
        self._wire()

    @classmethod
    def from_env(cls, base_url: str | None = None, **options: Unpack[Options]) -> Self:
        """Make a client from `COREDATA_…` variables; an argument beats the environment.

        `COREDATA_BASE_URL COREDATA_API_USER COREDATA_API_KEY COREDATA_API_KEY_V3 COREDATA_TIMEOUT` (seconds
        for an answer) `COREDATA_MAX_RETRIES COREDATA_LOG` (debug, info, warning) `COREDATA_CA_BUNDLE`. An
        empty value counts as unset.

        Raises:
            ConfigurationError: Something is missing, or a variable does not hold what it should.
        """
        address, found = from_environment(os.environ)
        given = {name: value for name, value in options.items() if value is not None}
        found.update(cast("Options", given))
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
        other._manner = self._manner.changed(  # noqa: SLF001  # of our own class
            timeouts=timeouts, retry=retry, headers=headers, hooks=hooks
        )
        other._wire()  # noqa: SLF001
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
        call = free_request(method, path, query=query, json=json, expect=expect, repeatable=repeatable)
        return await perform(self._send, call)

    async def me(self) -> User:
        """The user the key belongs to: one exchange.

        See: https://docs.wise.is/cored/current-user
        """
        return await UserHome(self._send).me()

    def recent_projects(self) -> Listing[Project]:
        """The last ten projects that user visited, by the service's memory.

        See: https://docs.wise.is/cored/user-home
        """
        return UserHome(self._send).recent_projects()

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
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

    def engine(
        self,
        *,
        api: Slots | None = None,
        storage: Slots | None = None,
        budget: Budget | None = None,
        hooks: Sequence[Hook] = (),
        around_storage: Callable[[Send], Send] = lambda send: send,
    ) -> Engine:
        """What moves this client's files, for those who build on it, as the bulk uploader does.

        Args:
            api: Other gates for requests to the service than those of `Limits`.
            storage: Likewise for the storage.
            budget: For repeats, other than the client's.
            hooks: Called after every attempt, besides the client's own.
            around_storage: Laid around the `Send` for the storage, as a limit of bytes per second.
        """
        gates = evolve(
            self._gates,
            api=api or self._gates.api,
            storage=storage or self._gates.storage,
            budget=budget or self._gates.budget,
        )
        manner = evolve(self._manner, hooks=(*self._manner.hooks, *hooks))
        send = api_chain(self._pool, gates, manner, self._base_url, self._credentials)
        put = around_storage(storage_chain(self._pool, gates, manner))
        driver = Driver(send, put, Settler(send, manner.retry))
        return Engine(
            api=send,
            storage=put,
            uploader=Uploader(driver, gates.streams, gates.open_files),
            retry=manner.retry,
            limits=self._limits,
            tenant=self._base_url,
            account=self._credentials.user,
        )

    def _wire(self) -> None:
        engine = self.engine()
        send, storage, uploader = engine.api, engine.storage, engine.uploader
        retry, gates = self._manner.retry, self._gates
        self._send = send
        self.spaces = Spaces(send)
        self.projects = Projects(send, self._turns)
        self.files = Files(send, uploader, Fetcher(send, storage, retry, gates.open_files), self._limits)
        self.blobs = Blobs(send)
        self.folders = Folders(send)
        self.tasks = Tasks(send)
        self.contacts = Contacts(send)
        self.users = Users(send)
        self.comments = Comments(send)
        self.value_lists = ValueLists(send)
        self.dynatypes = Dynatypes(send)
        self.documents = Documents(send)
