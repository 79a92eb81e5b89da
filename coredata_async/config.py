"""Timeouts, retries and limits as values, and what the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from attrs import Attribute, field, frozen

from coredata_async.errors import ConfigurationError


def _over_zero(_: object, spot: Attribute[Any], value: float | None) -> None:
    if value is not None and not value > 0:
        raise ConfigurationError(f"{spot.name} must be more than 0, or None, and not {value!r}")


def _zero_or_more(_: object, spot: Attribute[Any], value: float) -> None:
    if not value >= 0:
        raise ConfigurationError(f"{spot.name} must be 0 or more, not {value!r}")


def _one_or_more(_: object, spot: Attribute[Any], value: int) -> None:
    if not value >= 1:
        raise ConfigurationError(f"{spot.name} must be 1 or more, not {value!r}")


@frozen
class Timeouts:
    """Seconds to wait for each part of an exchange; `None` waits forever.

    No upload is cut off for being long: only one that stands still.
    """

    connect: float | None = field(default=10.0, validator=_over_zero)
    """For name look-up, TCP and TLS."""
    pool: float | None = field(default=60.0, validator=_over_zero)
    """For a free connection, while `Limits` has them all in use."""
    response: float | None = field(default=60.0, validator=_over_zero)
    """For the next bytes of an answer, once the request is out.

    Registering a file waits 2.5 times as long: gateways give up after about a minute, and a slow
    commit that is answered needs no probing.
    """
    stall: float | None = field(default=60.0, validator=_over_zero)
    """For the other end to take, or give, the next block of a body."""
    total: float | None = field(default=None, validator=_over_zero)
    """For one exchange with all its repeats."""


@frozen
class Retry:
    """When a request is sent again, and how long before.

    A request that may do harm when done twice is repeated only if it provably was not done.
    """

    attempts: int = field(default=5, validator=_one_or_more)
    """How often a request is sent at most."""
    base: float = field(default=0.5, validator=_zero_or_more)
    """Seconds before the second attempt; each further one waits twice as long."""
    cap: float = field(default=20.0, validator=_zero_or_more)
    """The longest such wait, in seconds."""
    max_retry_after: float = field(default=120.0, validator=_zero_or_more)
    """A server that asks for more seconds than this is not waited for."""
    budget: float = field(default=500.0, validator=_zero_or_more)
    """Tokens for repeats, shared by all requests of a client: a dead server is not hammered.

    A repeat costs 14 tokens, or 5 when the server asked to wait; a success gives one back.
    """
    settle: float = field(default=120.0, validator=_zero_or_more)
    """Maximum time between the moment a request is given up and its last effect on the server, in seconds.

    Exactly-once rests on this assumption: once `settle` seconds have passed since the client gave a
    registration up, the server either has carried it out, and shows it within `probe_gap` seconds, or never
    will. Only then does "not found" prove that the File was not registered. It must therefore cover

    * packets that are in flight between client and server, a forward proxy included,
    * the time for which a load balancer or gateway holds a request before it passes it on,
    * the longest run of a request in the application, with its database transaction.

    It does not have to cover this machine: closing a connection to the service resets it, so the kernel sends
    nothing after the client has given up or its process has died (`SO_LINGER`). Gateways give up after 60 s
    and applications after 30 s by default; raise `settle` if yours take longer than 120 s together. A smaller
    value is safe only where that sum is known to be smaller.
    """
    probe_gap: float = field(default=10.0, validator=_zero_or_more)
    """Seconds between two such looks: a listing may lag behind."""

    @classmethod
    def none(cls) -> Retry:
        """Send everything once."""
        return cls(attempts=1)

    def wait(self, attempt: int, *, jitter: float, retry_after: float | None = None) -> float | None:
        """Seconds before the next attempt, or `None` to give up.

        Args:
            attempt: The number of the attempt that failed, from 1.
            jitter: Between 0 and 1, so that clients which failed together do not return together.
            retry_after: The server's wish, which beats our own idea.
        """
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return None if retry_after > self.max_retry_after else retry_after * (1 + jitter / 10)
        backoff: float = min(self.cap, self.base * 2.0 ** min(attempt - 1, 64))
        return backoff * (0.5 + jitter / 2)


@frozen
class Limits:
    """How much is in flight at once."""

    connections: int = field(default=64, validator=_one_or_more)
    """Open connections, to the service and to the storage each."""
    concurrency: int = field(default=32, validator=_one_or_more)
    """Requests to the service at once, and the workers of `upload_many`."""
    uploads: int = field(default=8, validator=_one_or_more)
    """Bodies too large to be held whole that are streamed at once; each holds about 4 MiB."""
    open_files: int = field(default=64, validator=_one_or_more)
    """Sources open at once."""
    rate: float | None = field(default=None, validator=_over_zero)
    """Requests to the service per second; `None` is as many as it answers."""


def setting(environ: Mapping[str, str], name: str) -> str | None:
    """One setting; an empty value counts as unset."""
    return environ.get(name, "").strip() or None


def number(environ: Mapping[str, str], name: str) -> float | None:
    """One setting that must be a number of 0 or more.

    Raises:
        ConfigurationError: If it is not.
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
