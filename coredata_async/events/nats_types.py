"""The parts of nats-py and FastStream that the worker uses, so that it is checked without them installed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from coredata_async.records.kv_bucket import Bucket


class Metadata(Protocol):
    """The part of a message's metadata that is used."""

    num_delivered: int
    stream: str
    sequence: Sequence


class Sequence(Protocol):
    """Numbers of a message."""

    stream: int


class RawMessage(Protocol):
    """The part of `nats.aio.msg.Msg` that is used."""

    data: bytes
    subject: str
    metadata: Metadata


class Message(Protocol):
    """The part of `faststream.nats.NatsMessage` that is used."""

    raw_message: RawMessage

    def ack(self) -> Awaitable[None]:
        """Acknowledge it."""
        ...

    def nack(self, delay: float | None = None) -> Awaitable[None]:
        """Have it delivered again."""
        ...

    def in_progress(self) -> Awaitable[None]:
        """Say that it is worked on."""
        ...


class JetStream(Protocol):
    """The part of `nats.js.JetStreamContext` that is used."""

    def find_stream_name_by_subject(self, subject: str) -> Awaitable[str]:
        """Return the name of the stream that has a subject."""
        ...

    def add_stream(self, **config: object) -> Awaitable[object]:
        """Create a stream."""
        ...

    def add_consumer(self, stream: str, config: object) -> Awaitable[object]:
        """Create a consumer, or change it."""
        ...

    def key_value(self, bucket: str) -> Awaitable[Bucket]:
        """Open a bucket."""
        ...

    def create_key_value(self, **config: object) -> Awaitable[Bucket]:
        """Create a bucket."""
        ...

    def publish(self, subject: str, payload: bytes, *, headers: Mapping[str, str]) -> Awaitable[object]:
        """Publish a message, and wait until a stream has it."""
        ...


class Connection(Protocol):
    """The part of `nats.aio.client.Client` that is used."""

    @property
    def max_payload(self) -> int:
        """Maximum size of a message, in bytes, as the server has stated it."""
        ...

    def jetstream(self) -> JetStream:
        """Return its JetStream."""
        ...

    def close(self) -> Awaitable[None]:
        """Close it at once."""
        ...


class Subscriber(Protocol):
    """The part of FastStream's subscriber that is used."""

    running: bool
    """False ends its loop, which would otherwise spin without a pause on a closed connection."""

    def __call__(self, handler: Handler) -> object:
        """Set its handler."""
        ...


class Broker(Protocol):
    """The part of `faststream.nats.NatsBroker` that is used."""

    def connect(self) -> Awaitable[Connection]:
        """Connect."""
        ...

    def subscriber(self, subject: str, **options: object) -> Subscriber:
        """Declare a subscriber."""
        ...

    def start(self) -> Awaitable[None]:
        """Begin to pull messages."""
        ...

    def stop(self) -> Awaitable[None]:
        """Pull no more, wait for the messages in progress, and disconnect."""
        ...


Handler = Callable[[Message], Awaitable[None]]
