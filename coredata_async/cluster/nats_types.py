"""The parts of nats-py that a cluster uses, so that it is checked without nats-py installed.

Those of KV buckets are in `records.kv_bucket`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from coredata_async.records.kv_bucket import JetStream as KvJetStream
from coredata_async.records.kv_bucket import StreamInfo


class ObjectInfo(Protocol):
    """The part of an object's description that is used."""

    size: int | None


class ObjectResult(Protocol):
    """An object that was read."""

    info: ObjectInfo
    data: bytes | None


class ObjectStore(Protocol):
    """The part of `nats.js.object_store.ObjectStore` that is used."""

    def get(self, name: str) -> Awaitable[ObjectResult]:
        """Read an object."""
        ...

    def put(self, name: str, data: bytes) -> Awaitable[object]:
        """Write an object, or replace it."""
        ...


class Metadata(Protocol):
    """The part of a message's metadata that is used."""

    num_delivered: int


class Message(Protocol):
    """The part of `nats.aio.msg.Msg` that is used."""

    subject: str
    data: bytes
    metadata: Metadata

    def ack_sync(self, timeout: float = 1) -> Awaitable[object]:
        """Acknowledge it, and wait until the server has the acknowledgement."""
        ...

    def nak(self, delay: float | None = None) -> Awaitable[None]:
        """Have it delivered again."""
        ...

    def in_progress(self) -> Awaitable[None]:
        """Say that it is worked on."""
        ...


class PullSubscription(Protocol):
    """The part of a pull subscription that is used."""

    def fetch(self, batch: int = 1, timeout: float | None = 5) -> Awaitable[Sequence[Message]]:
        """Wait for messages."""
        ...

    def unsubscribe(self) -> Awaitable[None]:
        """End the subscription."""
        ...


class Subscription(Protocol):
    """The part of a core subscription that is used."""

    def unsubscribe(self) -> Awaitable[None]:
        """End the subscription."""
        ...


class JetStream(KvJetStream, Protocol):
    """The part of `nats.js.JetStreamContext` that is used, besides KV buckets."""

    def add_stream(self, **config: object) -> Awaitable[object]:
        """Create a stream; one with the same configuration may exist."""
        ...

    def stream_info(self, name: str) -> Awaitable[StreamInfo]:
        """Read the configuration of a stream."""
        ...

    def pull_subscribe(self, subject: str, durable: str, *, config: object) -> Awaitable[PullSubscription]:
        """Create a durable consumer, or join it."""
        ...

    def object_store(self, bucket: str) -> Awaitable[ObjectStore]:
        """Open an object store."""
        ...

    def create_object_store(self, bucket: str, **config: object) -> Awaitable[ObjectStore]:
        """Create an object store."""
        ...

    def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str]) -> Awaitable[object]:
        """Publish a message, and wait until a stream has it."""
        ...


class ServerUri(Protocol):
    """The part of `urllib.parse.ParseResult` that is used."""

    @property
    def netloc(self) -> str:
        """Host and port."""
        ...

    @property
    def hostname(self) -> str | None:
        """Host."""
        ...


class Server(Protocol):
    """The part of `nats.aio.client.Server` that is used: one that a connection may use."""

    uri: ServerUri
    reconnects: int
    """Number of attempts that failed since the last connection with it."""


class Connection(Protocol):
    """The part of `nats.aio.client.Client` that is used."""

    is_connected: bool
    options: dict[str, object]

    def connect(
        self, servers: Sequence[str], *, token: str | None, dont_randomize: bool, **options: object
    ) -> Awaitable[None]:
        """Connect to the first one that answers."""
        ...

    def jetstream(self, *, timeout: float) -> JetStream:
        """Return its JetStream."""
        ...

    def publish(self, subject: str, payload: bytes) -> Awaitable[None]:
        """Publish a message that no stream keeps."""
        ...

    def request(self, subject: str, payload: bytes, timeout: float) -> Awaitable[Message]:
        """Publish a message, and wait for its answer."""
        ...

    def subscribe(self, subject: str, *, cb: Callable[[Message], Awaitable[None]]) -> Awaitable[Subscription]:
        """Call a function with each message of a subject."""
        ...

    def flush(self, timeout: int = 10) -> Awaitable[None]:
        """Wait until the server has everything that was published."""
        ...

    def close(self) -> Awaitable[None]:
        """Close it at once."""
        ...
