"""KV buckets of NATS JetStream: the parts of nats-py that are used, and a complete listing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable
from datetime import datetime
from typing import Final, Protocol

WRONG_REVISION: Final = (10071, 10164)
"""Codes of the server's errors for a write at another revision; `delete` does not translate them."""
TIMEOUT: Final = 10.0
"""Timeout for the next entry of a listing, in seconds."""
_TIMED_OUT: Final = "TimeoutError: nats: timeout"
_NO_ANSWER: Final = (
    "check that the NATS server runs and can be reached; if so, its log says whether its disk is full: then "
    "make room, and start it again, because it confirms no write before that"
)
_CONSUMER: Final = 5.0
"""Seconds for which the server keeps the consumer of a listing that has ended; 300 by default in nats-py."""


def describe_error(error: Exception) -> str:
    """Return an error of nats-py as text, with what to do if the server does not answer.

    A server whose disk is full answers reads, and leaves writes without an answer.
    """
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{text}; {_NO_ANSWER}" if text == _TIMED_OUT else text


class Entry(Protocol):
    """The part of `nats.js.kv.KeyValue.Entry` that is used."""

    key: str
    value: bytes | None
    revision: int | None
    created: datetime | None
    """When it was written, by the clock of the server; None unless it is from a listing."""
    delta: int | None
    """Number of entries that follow."""
    operation: str | None
    """Set for a deleted key."""


class Bucket(Protocol):
    """The part of `nats.js.kv.KeyValue` that is used."""

    def get(self, key: str) -> Awaitable[Entry]:
        """Read an entry."""
        ...

    def create(self, key: str, value: bytes) -> Awaitable[int]:
        """Add an entry."""
        ...

    def update(self, key: str, value: bytes, last: int) -> Awaitable[int]:
        """Replace an entry at a revision."""
        ...

    def delete(self, key: str, last: int) -> Awaitable[bool]:
        """Remove an entry at a revision."""
        ...

    def watchall(self, *, inactive_threshold: float) -> Awaitable[Watcher]:
        """Read all entries, also those of deleted keys."""
        ...

    def status(self) -> Awaitable[Status]:
        """Read how the bucket is stored."""
        ...


class Watcher(Protocol):
    """The part of a KV watcher that is used."""

    def updates(self, timeout: float) -> Awaitable[Entry | None]:
        """Wait for the next entry; None may mean that all entries were delivered."""
        ...

    def stop(self) -> Awaitable[None]:
        """End the watch."""
        ...


class Configuration(Protocol):
    """The part of a stream's configuration that is used."""

    num_replicas: int | None
    max_bytes: int | None
    storage: object


class StreamInfo(Protocol):
    """The part of a stream's state that is used."""

    config: Configuration


class Status(Protocol):
    """The part of a bucket's status that is used."""

    bucket: str
    stream_info: StreamInfo

    @property
    def values(self) -> int:
        """Number of entries, also those of deleted keys."""
        ...


class JetStream(Protocol):
    """The part of `nats.js.JetStreamContext` that is used."""

    def key_value(self, bucket: str) -> Awaitable[Bucket]:
        """Open a bucket."""
        ...

    def create_key_value(self, **config: object) -> Awaitable[Bucket]:
        """Create a bucket."""
        ...


async def read_entries(bucket: Bucket) -> AsyncGenerator[Entry]:
    """Yield all entries of a bucket as they are now, without those of deleted keys.

    nats-py says "no entries" if the server has sent all of them before the first one was handled, so that
    answer counts only for a bucket that is empty. The number of entries that follow shows the last one. That
    number stays too large if an entry was replaced before it was delivered, and then updates would follow as
    long as there are any: so the listing also ends when all keys of the bucket were seen.

    Raises:
        Exception: An error of nats-py, if the server does not answer within `TIMEOUT`.
    """
    # The server removes the consumer of a listing this long after its end, and limits their number.
    watcher, seen, values = await bucket.watchall(inactive_threshold=_CONSUMER), set[str](), 0
    try:
        while True:
            entry = await watcher.updates(TIMEOUT)
            if entry is None:
                if (await bucket.status()).values == 0:
                    return
                continue
            if entry.operation is None:
                yield entry
            if entry.delta == 0:
                return
            seen.add(entry.key)
            if len(seen) >= values:
                values = (await bucket.status()).values
                if len(seen) >= values:
                    return
    finally:
        await watcher.stop()
