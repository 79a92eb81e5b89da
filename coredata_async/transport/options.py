"""Options and limits that the clients of both services share, and the base class of these clients."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from importlib import import_module
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar

from attrs import evolve, field, frozen

from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret
from coredata_async.transport.pool import Pool, Session, Transport
from coredata_async.transport.retry import Budget
from coredata_async.transport.throttle import RateLimiter, Semaphore, Slots
from coredata_async.transport.trace import Hook

T = TypeVar("T")


class ConnectionOptions(TypedDict, total=False):
    """Keywords of every client for connections and requests."""

    timeouts: Timeouts | None
    retry: Retry | None
    limits: Limits | None
    proxy: str | Secret[str] | None
    ssl: ssl.SSLContext | bool
    trust_env: bool
    headers: Mapping[str, str] | None
    app_info: str | None
    session: Session | None
    hooks: Sequence[Hook]
    transport: Transport


def _check_option(name: str, value: object, kind: type) -> None:
    """Check the kind of an option.

    Raises:
        ConfigurationError: If it is of another kind, such as a number for `Timeouts`.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not a {type(value).__name__}")


@frozen(kw_only=True)
class SendOptions:
    """Options for sending requests; copies of a client may differ in them."""

    timeouts: Timeouts = field(factory=Timeouts)
    retry: Retry = field(factory=Retry)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    hooks: Sequence[Hook] = ()
    app_info: str | None = None

    def __attrs_post_init__(self) -> None:
        _check_option("timeouts", self.timeouts, Timeouts)
        _check_option("retry", self.retry, Retry)
        for name in self.headers:
            _check_option(f"headers[{name!r}]", self.headers[name], str)

    def evolve(
        self,
        *,
        timeouts: Timeouts | None,
        retry: Retry | None,
        headers: Mapping[str, str] | None,
        hooks: Sequence[Hook] | None,
    ) -> SendOptions:
        """Return a copy with the given options replaced."""
        return evolve(
            self,
            timeouts=timeouts or self.timeouts,
            retry=retry or self.retry,
            headers=self.headers if headers is None else headers,
            hooks=self.hooks if hooks is None else hooks,
        )


@frozen
class SharedLimits:
    """Limits shared by all copies of a client, apart from connections: slots, and tokens for retries."""

    api: Slots
    storage: Slots
    streams: asyncio.Semaphore
    open_files: asyncio.Semaphore
    budget: Budget
    pace: RateLimiter | None

    @classmethod
    def of(cls, limits: Limits, retry: Retry) -> SharedLimits:
        """Build the shared limits from the options of a client."""
        return cls(
            api=Semaphore(min(limits.concurrency, limits.connections)),
            storage=Semaphore(limits.connections),
            streams=Semaphore(limits.uploads),
            open_files=Semaphore(limits.open_files),
            budget=Budget(retry.budget, retry.budget),
            pace=RateLimiter(limits.rate) if limits.rate else None,
        )


class HttpClient:
    """Common part of the clients, without requests of a particular service.

    Copies made by `with_options` share the pool and the limits.
    """

    def __init__(
        self, base_url: str, options: ConnectionOptions, storage_session: Session | None = None
    ) -> None:
        self._base_url = base_url
        self._limits = options.get("limits") or Limits()
        _check_option("limits", self._limits, Limits)
        self._pool = Pool(
            self._limits,
            options.get("proxy"),
            options.get("ssl", True),
            options.get("trust_env", False),
            options.get("session"),
            storage_session,
            options.get("transport", "auto"),
        )
        self._send_options = SendOptions(
            timeouts=options.get("timeouts") or Timeouts(),
            retry=options.get("retry") or Retry(),
            headers=options.get("headers") or {},
            hooks=tuple(options.get("hooks", ())),
            app_info=options.get("app_info"),
        )
        self._shared_limits = SharedLimits.of(self._limits, self._send_options.retry)

    def with_options(
        self,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        hooks: Sequence[Hook] | None = None,
    ) -> Self:
        """Return a copy with other options and the same connections, limits and credentials.

        The original is unchanged. Closing either closes both.
        """
        other = copy(self)
        other._send_options = self._send_options.evolve(  # noqa: SLF001  # of our own class
            timeouts=timeouts, retry=retry, headers=headers, hooks=hooks
        )
        other._reset_services()  # noqa: SLF001
        return other

    def _connection_options(self) -> ConnectionOptions:
        """Return the keywords that this client connects and sends with."""
        pool, options = self._pool, self._send_options
        return ConnectionOptions(
            timeouts=options.timeouts,
            retry=options.retry,
            limits=self._limits,
            proxy=pool.proxy,
            ssl=pool.ssl,
            trust_env=pool.trust_env,
            headers=options.headers,
            app_info=options.app_info,
            session=pool.api,
            hooks=options.hooks,
            transport=pool.transport,
        )

    @property
    def closed(self) -> bool:
        """Return whether `aclose` was called."""
        return self._pool.closed

    async def aclose(self) -> None:
        """Close the connections. A second call does nothing."""
        await self._pool.aclose()

    def close_now(self) -> None:
        """Close the connections without an event loop: for test runners whose loop is already closed."""
        self._pool.close_now()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _reset_services(self) -> None:
        """Drop the services of a copy, because they send with the options of the original."""
        for name in [*vars(self)]:
            if isinstance(getattr(type(self), name, None), cached_property):
                del self.__dict__[name]


class Lazy(cached_property[T]):
    """A service of a client, imported and created when it is first used.

    Importing all services with the client would take 1.5 times as long as importing the libraries that the
    client needs (benchmarks/import_time.py).
    """

    def __init__(self, module: str, name: str) -> None:
        def make(client: Any) -> T:
            service: T = getattr(import_module(module), name)(client._send)  # noqa: SLF001
            return service

        super().__init__(make)
