"""FastStream on NATS JetStream: the stream, the consumer, and dead letters. Imported when it is used."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import Final

from coredata_async.errors import ConfigurationError
from coredata_async.events.address import TIMEOUT, NatsAddress, check_encryption
from coredata_async.events.errors import BrokerError
from coredata_async.events.handler import Dead
from coredata_async.events.nats_types import (
    Broker,
    Connection,
    Handler,
    JetStream,
    Message,
    RawMessage,
    Subscriber,
)
from coredata_async.events.options import WorkerOptions, stream_name

log = logging.getLogger("coredata_async.events")

PULL_TIMEOUT: Final = 5.0
"""Seconds for which a pull waits for messages."""
_FINAL: Final = frozenset(
    {
        "authorization violation",
        "authorization timeout",
        "invalid client protocol",
        "maximum connections exceeded",
        "maximum payload violation",
        "invalid subject",
        "parser error",
        "secure connection - tls required",
        "stale connection",
    }
)
_LONGEST_REASON: Final = 2000
_LONGEST_KEY: Final = 1000
_HEADERS: Final = 1024
"""Bytes that the headers of a dead letter take at most; they count for `max_payload`, too."""


def make_broker(
    address: NatsAddress, options: WorkerOptions, on_error: Callable[[Exception], Awaitable[None]]
) -> Broker:
    """Make the broker, without connecting it.

    Args:
        address: The server.
        options: Options of the worker.
        on_error: Called with each error of the connection.

    Raises:
        ConfigurationError: If FastStream is not installed, or a file of the address cannot be read.
    """
    faststream = _module("faststream.nats")
    if address.is_exposed:
        log.warning("%s: the token or password crosses the network unencrypted; use tls://", address.host)
    broker: Broker = faststream.NatsBroker(
        address.url,
        name="coredata worker",
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        error_cb=on_error,
        graceful_timeout=options.grace,
        security=address.security(),
        apply_types=False,  # the handler takes the message itself
        serializer=None,
        logger=_framework_log(),
    )
    return broker


def _framework_log() -> logging.Logger:
    """Return a logger for FastStream, which logs each message twice at INFO; its own one adds colours."""
    found = logging.getLogger("coredata_async.events.broker")
    if found.level == logging.NOTSET:
        found.setLevel(logging.WARNING)
    return found


async def connect(broker: Broker, address: NatsAddress) -> Connection:
    """Connect for the first time. Later, the client reconnects by itself for as long as it takes.

    Raises:
        BrokerError: If the server is not there, refuses the sign-in, or does not encrypt as it should.
    """
    await check_encryption(address)
    failure = ""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await broker.connect()
    except TimeoutError:
        failure = f"no connection within {TIMEOUT:.0f} s; check the address, and that the server runs"
    except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
        failure = _describe(exc)
    raise BrokerError(f"NATS at {address.host} cannot be reached: {failure}")


async def prepare_streams(stream: JetStream, options: WorkerOptions, *, replicas: int = 1) -> str:
    """Find or create the streams of messages and of dead letters, and the consumer.

    Args:
        stream: JetStream of the connection.
        options: Options of the worker.
        replicas: Number of servers that keep a stream that is created.

    Returns:
        The name of the stream of messages.

    Raises:
        BrokerError: If the server refuses.
    """
    api = _module("nats.js.api")
    failure = ""
    try:
        name = await _find(stream, options.subject)
        if name is None:
            name = options.stream_name
            await stream.add_stream(
                name=name,
                subjects=[options.subject],
                retention=api.RetentionPolicy.WORK_QUEUE,
                storage=api.StorageType.FILE,
                num_replicas=replicas,
            )
            log.info("created the stream %s for %s", name, options.subject)
        if await _find(stream, options.dead_letters) is None:
            dead = stream_name(options.dead_letters)
            await stream.add_stream(
                name=dead,
                subjects=[options.dead_letters],
                storage=api.StorageType.FILE,
                num_replicas=replicas,
            )
            log.info("created the stream %s for %s", dead, options.dead_letters)
        await stream.add_consumer(name, consumer_config(options))
    except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
        failure = f"JetStream refuses the stream or consumer of {options.subject}: {_describe(exc)}"
    else:
        return name
    raise BrokerError(failure)


def consumer_config(options: WorkerOptions) -> object:
    """Describe the consumer that all workers share.

    The server delivers a message without limit: it would forget one at its own `max_deliver`, and only a
    worker can write the dead letter.
    """
    api = _module("nats.js.api")
    config: object = api.ConsumerConfig(
        durable_name=options.consumer,
        filter_subject=options.subject,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=options.ack_wait,
        max_ack_pending=options.max_ack_pending,
        max_deliver=-1,
    )
    return config


def is_final(error: Exception) -> bool:
    """Check for an error after which FastStream does not let the client reconnect."""
    return str(error).removeprefix("nats: ").strip("' ").lower() in _FINAL


def subscribe(broker: Broker, options: WorkerOptions, stream: str, handler: Handler) -> Subscriber:
    """Have the broker call the handler with each message, at most `concurrency` at once."""
    faststream = _module("faststream.nats")
    policy = _module("faststream").AckPolicy.MANUAL

    async def keep(message: Message) -> Message:
        return message

    subscriber = broker.subscriber(
        options.subject,
        durable=options.consumer,
        config=consumer_config(options),
        stream=faststream.JStream(stream, declare=False),
        pull_sub=faststream.PullSub(batch_size=options.batch, timeout=PULL_TIMEOUT),
        max_workers=options.concurrency,
        ack_policy=policy,
        decoder=keep,
        no_reply=True,
    )
    subscriber(handler)
    return subscriber


async def start(broker: Broker) -> None:
    """Begin to pull messages.

    Raises:
        BrokerError: If the server refuses.
    """
    failure = ""
    try:
        await broker.start()
    except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
        failure = f"messages cannot be pulled from NATS: {_describe(exc)}"
    if failure:
        raise BrokerError(failure)


async def publish_dead_letter(connection: Connection, subject: str, message: RawMessage, dead: Dead) -> None:
    """Publish a dead letter, and wait until a stream has it. Within two minutes, a repetition is dropped."""
    origin = message.metadata
    number = f"dead-{origin.stream}-{origin.sequence.stream}"
    data = encode_dead_letter(message, dead, connection.max_payload - _HEADERS)
    await connection.jetstream().publish(subject, data, headers={"Nats-Msg-Id": number})


def encode_dead_letter(message: RawMessage, dead: Dead, room: int) -> bytes:
    """Return a dead letter of at most `room` bytes: of a longer message, only the beginning is kept.

    The server takes 1 MiB by default. In JSON, a control character takes six bytes instead of one, and what
    is not UTF-8 takes three. A letter that is too long could never be published.
    """
    origin = message.metadata
    letter: dict[str, object] = {
        "reason": dead.reason[:_LONGEST_REASON],
        "attempts": origin.num_delivered,
        "key": dead.key and dead.key[:_LONGEST_KEY],
        "subject": message.subject,
        "stream": origin.stream,
        "sequence": origin.sequence.stream,
    }
    text = message.data.decode("utf-8", "replace")
    while True:
        # A lone surrogate of the key has no UTF-8; `backslashreplace` writes it as JSON does.
        encoded = json.dumps({**letter, "message": text}, ensure_ascii=False)
        data = encoded.encode("utf-8", "backslashreplace")
        if len(data) <= room or not text:
            return data
        text = text[: len(text) // 2]


async def _find(stream: JetStream, subject: str) -> str | None:
    missing: type[Exception] = _module("nats.js.errors").NotFoundError
    try:
        return await stream.find_stream_name_by_subject(subject)
    except missing:
        return None


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(
            "the event-driven worker needs FastStream: pip install 'coredata-async[events]'"
        ) from None


def _describe(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}".rstrip(": ")
