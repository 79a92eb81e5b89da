"""Timeouts, retries and limits as values, and readers of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from attrs import Attribute, field, frozen

from coredata_async.errors import ConfigurationError


def _over_zero(_: object, attribute: Attribute[Any], value: float | None) -> None:
    if value is not None and not value > 0:
        raise ConfigurationError(f"{attribute.name} must be more than 0, or None, not {value!r}")


def _zero_or_more(_: object, attribute: Attribute[Any], value: float) -> None:
    if not value >= 0:
        raise ConfigurationError(f"{attribute.name} must be 0 or more, not {value!r}")


def _one_or_more(_: object, attribute: Attribute[Any], value: int) -> None:
    if not value >= 1:
        raise ConfigurationError(f"{attribute.name} must be 1 or more, not {value!r}")


def _limit(seconds: float | None) -> float | None:
    """Return None for infinity, with which aiohttp cannot compute."""
    return None if seconds == inf else seconds


@frozen
class Timeouts:
    """Timeouts for each part of an exchange, in seconds; `None` or infinity waits forever.

    The duration of an upload is not limited, only a stall.
    """

    connect: float | None = field(default=10.0, converter=_limit, validator=_over_zero)
    """Timeout for name resolution, TCP and TLS."""
    pool: float | None = field(default=60.0, converter=_limit, validator=_over_zero)
    """Timeout for a free connection while `Limits` has all in use."""
    response: float | None = field(default=60.0, converter=_limit, validator=_over_zero)
    """Timeout for the next bytes of a response, after the request was sent.

    Registering a file waits 2.5 times as long, because gateways give up after about a minute, and a slow
    commit that is answered needs no probing.
    """
    stall: float | None = field(default=60.0, converter=_limit, validator=_over_zero)
    """Timeout for the peer to accept, or to send, the next block of a body."""
    total: float | None = field(default=None, converter=_limit, validator=_over_zero)
    """Timeout for one exchange with all its retries."""


@frozen
class Retry:
    """Policy for repeating requests, and the delays between attempts.

    A request that is not safe to repeat is repeated only if it provably was not carried out.
    """

    attempts: int = field(default=5, validator=_one_or_more)
    """Maximum number of attempts of a request."""
    base: float = field(default=0.5, validator=_zero_or_more)
    """Seconds before the second attempt; each further delay doubles."""
    cap: float = field(default=20.0, validator=_zero_or_more)
    """Maximum delay, in seconds."""
    max_retry_after: float = field(default=120.0, validator=_zero_or_more)
    """Maximum delay requested by the server that is accepted, in seconds; a longer one ends the retries."""
    budget: float = field(default=500.0, validator=_zero_or_more)
    """Tokens for retries, shared by all requests of a client, which limit the load on a failing server.

    A retry costs 14 tokens, or 5 if the server asked to wait; a success returns one.
    """
    settle: float = field(default=120.0, validator=_zero_or_more)
    """Maximum time between the moment a request is given up and its last effect on the server, in seconds.

    Exactly-once depends on this assumption: once `settle` seconds have passed since the client gave up a
    registration, the server either has carried it out, and shows it within `probe_gap` seconds, or never
    will. Only then does "not found" prove that the File was not registered. It must therefore cover

    * packets that are in flight between client and server, including a forward proxy,
    * the time for which a load balancer or gateway holds a request before it passes it on,
    * the longest run of a request in the application, with its database transaction.

    It does not have to cover this machine: closing a connection to the service resets it, so the kernel sends
    nothing after the client has given up or its process has died (`SO_LINGER`). Gateways give up after 60 s
    and applications after 30 s by default; raise `settle` if yours take longer than 120 s together. A smaller
    value is safe only if that sum is known to be smaller.
    """
    probe_gap: float = field(default=10.0, validator=_zero_or_more)
    """Seconds between two probes for a File, because a listing may lag behind."""

    @classmethod
    def none(cls) -> Retry:
        """Return a policy that sends everything once."""
        return cls(attempts=1)

    def wait(self, attempt: int, *, jitter: float, retry_after: float | None = None) -> float | None:
        """Return the seconds before the next attempt, or None to give up.

        Args:
            attempt: The number of the attempt that failed, from 1.
            jitter: Between 0 and 1, so that clients that failed together do not return together.
            retry_after: Delay requested by the server, which takes precedence.
        """
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return None if retry_after > self.max_retry_after else retry_after * (1 + jitter / 10)
        backoff: float = min(self.cap, self.base * 2.0 ** min(attempt - 1, 64))
        return backoff * (0.5 + jitter / 2)


@frozen
class Limits:
    """Maximum numbers of concurrent operations."""

    connections: int = field(default=64, validator=_one_or_more)
    """Maximum number of open connections, to the service and to the storage each."""
    concurrency: int = field(default=32, validator=_one_or_more)
    """Maximum number of concurrent requests to the service, and the number of workers of `upload_many`."""
    uploads: int = field(default=8, validator=_one_or_more)
    """Maximum number of concurrent streamed bodies (too large for memory); each holds about 4 MiB."""
    open_files: int = field(default=64, validator=_one_or_more)
    """Maximum number of open sources."""
    rate: float | None = field(default=None, validator=_over_zero)
    """Maximum number of requests to the service per second; `None` is unlimited."""


def setting(environ: Mapping[str, str], name: str) -> str | None:
    """Return one setting; an empty value counts as unset."""
    return environ.get(name, "").strip() or None


def number(environ: Mapping[str, str], name: str) -> float | None:
    """Return one setting as a number of 0 or more.

    Raises:
        ConfigurationError: If it is not such a number.
    """
    text = setting(environ, name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not 0 <= value < inf:
        raise ConfigurationError(f"{name} must be a number of 0 or more, not {text!r}")
    return value
