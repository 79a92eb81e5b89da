"""Composition of the concerns: one chain for a service, another for the storage.

From the outside in: deadline, retry, throttle, pace, trace, auth, exchange. A retry takes a new
slot of the throttle, so that a waiting request never occupies one.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Sequence
from typing import Final

from coredata_async.config import Timeouts
from coredata_async.message import Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret
from coredata_async.transport.auth import Credentials, guard_service, guard_storage, passwords_in
from coredata_async.transport.options import SendOptions, SharedLimits
from coredata_async.transport.pool import Pool, exchange
from coredata_async.transport.retry import retry, within
from coredata_async.transport.throttle import Slots, limit_concurrency, limit_rate
from coredata_async.transport.trace import WaitHook, trace
from coredata_async.version import VERSION

_HARMLESS: Final = frozenset({"accept", "accept-language", "content-type", "user-agent"})
"""Request headers that contain no secret. Any other header of the caller may be the key of a gateway."""


def service_chain(
    pool: Pool,
    limits: SharedLimits,
    options: SendOptions,
    base_url: str,
    credentials: Credentials | None = None,
) -> Send:
    """Return the `Send` for a service: the only one that knows the key.

    Args:
        pool: Connections of the client.
        limits: Limits that the client and its copies share.
        options: Options for sending.
        base_url: Address of the service.
        credentials: User and keys; None if the credential is a parameter of the requests, not a header.
    """
    headers = {"User-Agent": user_agent(options.app_info), **options.headers}
    redactor = _redactor(pool, options, credentials)
    send = exchange(pool, "api", options.timeouts, base_url=base_url, headers=headers)
    send = guard_service(send, redactor, credentials)
    send = trace(send, options.hooks, redactor=redactor, base_url=base_url)
    send = limit_rate(send, limits.pace) if limits.pace else send
    patience, on_wait = _slot_timeout(limits.api, options.timeouts), _on_wait(options.hooks, signed=False)
    send = limit_concurrency(send, limits.api, patience, on_wait=on_wait)
    return within(retry(send, options.retry, limits.budget, redactor=redactor), options.timeouts.total)


def storage_chain(
    pool: Pool, limits: SharedLimits, options: SendOptions, credentials: Credentials | None = None
) -> Send:
    """Return the `Send` for signed URLs: it does not add the key or the caller's headers.

    The credentials are used for redaction only: a reply of the storage that repeats them is masked.
    """
    send = exchange(pool, "storage", options.timeouts, headers={"Accept-Encoding": "identity"})
    redactor = _redactor(pool, options, credentials)
    send = trace(guard_storage(send, redactor), options.hooks, redactor=redactor)
    patience, on_wait = _slot_timeout(limits.storage, options.timeouts), _on_wait(options.hooks, signed=True)
    send = limit_concurrency(send, limits.storage, patience, on_wait=on_wait)
    return within(retry(send, options.retry, limits.budget, redactor=redactor), options.timeouts.total)


def _redactor(pool: Pool, options: SendOptions, credentials: Credentials | None = None) -> Redactor:
    """Return a redactor for every secret that requests of a client may carry."""
    keys = () if credentials is None else (credentials.key, credentials.key_v3)
    headers = (Secret(value) for name, value in options.headers.items() if name.lower() not in _HARMLESS)
    passwords = passwords_in(pool.proxies.all())
    return Redactor(tuple(dict.fromkeys((*keys, *headers, *passwords))))


def _on_wait(hooks: Sequence[object], *, signed: bool) -> Callable[[float], object] | None:
    """Return the function that notifies the hooks of waits, or None if no hook observes them."""
    waiting = [hook for hook in hooks if isinstance(hook, WaitHook)]
    if not waiting:
        return None

    def on_wait(seconds: float) -> None:
        for hook in waiting:
            hook.record_wait(seconds, signed=signed)

    return on_wait


def _slot_timeout(slots: Slots, timeouts: Timeouts) -> float | None:
    """Return the timeout for acquiring a slot, in seconds; None waits without a limit.

    A semaphore is full because connections are in use. Other slots are withheld on purpose, as after a
    Retry-After, and a request that waits for one of these must not fail.
    """
    return timeouts.pool if isinstance(slots, asyncio.Semaphore) else None


def user_agent(app_info: str | None) -> str:
    """Return the User-Agent header for the service's operators: library, application and Python version.

    It does not name aiohttp, because most requests are sent without it.
    """
    ours = f"coredata-async/{VERSION}" + (f" ({app_info})" if app_info else "")
    return f"{ours} Python/{platform.python_version()}"
