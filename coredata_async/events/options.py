"""The options of an event-driven worker, and the record store that they name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

from attrs import Attribute, Factory, field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.events.nats_types import Connection
from coredata_async.records import KvRecords, PostgresRecords, RecordStoreError, SqliteRecords, UploadRecords

N = TypeVar("N", int, float)

_SUBJECT: Final = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
_PATTERN: Final = re.compile(r"([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?|>")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_UNNAMED: Final = re.compile(r"[^A-Za-z0-9_-]+")
_CLOSE: Final = 10.0
"""Seconds for which the connections to PostgreSQL may take to close, before they are cut."""
KV: Final = "kv"
_SQLITE: Final = "sqlite:"
_POSTGRES: Final = ("postgresql://", "postgres://")


def _positive(owner: object, attribute: Attribute[N], value: N) -> None:
    del owner
    if not value > 0:
        raise ConfigurationError(f"{attribute.name} must be greater than 0, not {value!r}")


@frozen(kw_only=True)
class WorkerOptions:
    """Options for pulling and answering messages.

    Raises:
        ConfigurationError: If a subject or name is invalid, or dead letters would be read as messages.
    """

    subject: str
    """The subject of messages. It may have wildcards."""
    dead_letters: str = field(default=Factory(lambda self: f"{self.subject}.dead", takes_self=True))
    """The subject of dead letters; by default `SUBJECT.dead`."""
    stream: str | None = None
    """Name of the stream to create if none has the subject; derived from the subject by default."""
    consumer: str = "coredata-worker"
    """Durable name of the consumer, which all workers of a subject share."""
    concurrency: int = field(default=8, validator=_positive)
    """Maximum number of messages that this worker handles at once."""
    max_ack_pending: int = field(default=1000, validator=_positive)
    """Maximum number of messages that all workers together hold without an answer."""
    max_deliver: int = field(default=20, validator=_positive)
    """Number of deliveries after which a message that fails becomes a dead letter."""
    ack_wait: float = field(default=30.0, validator=_positive)
    """Seconds after which NATS delivers a message again, unless the worker shows that it is in progress."""
    grace: float = field(default=30.0, validator=_positive)
    """Maximum number of seconds for files in progress after a request to end."""

    def __attrs_post_init__(self) -> None:
        if not _PATTERN.fullmatch(self.subject):
            raise ConfigurationError(f"{self.subject!r} is not a subject of NATS")
        if not _SUBJECT.fullmatch(self.dead_letters):
            raise ConfigurationError(
                f"{self.dead_letters!r} is not a subject for dead letters: pass one without wildcards"
            )
        if matches(self.subject, self.dead_letters):
            raise ConfigurationError(
                f"dead letters at {self.dead_letters!r} would be read as messages of {self.subject!r}; pass "
                "another subject for them"
            )
        for name in (self.consumer, self.stream_name):
            if not _NAME.fullmatch(name):
                raise ConfigurationError(f"{name!r} is not a name of letters, digits, - and _")

    @property
    def stream_name(self) -> str:
        """Name of the stream that is created if no stream has the subject."""
        return self.stream or stream_name(self.subject)

    @property
    def batch(self) -> int:
        """Maximum number of messages per pull.

        It is a part of `concurrency`, because FastStream pulls the next ones while all of its workers are
        busy, and the time in which a message must be answered begins with the pull.
        """
        return max(1, self.concurrency // 4)


def stream_name(subject: str) -> str:
    """Derive the name of a stream from its subject."""
    return _UNNAMED.sub("_", subject).strip("_") or "coredata"


def matches(pattern: str, subject: str) -> bool:
    """Check if a subject without wildcards is one of a pattern."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return len(given) > index
        if index >= len(given) or part not in {"*", given[index]}:
            return False
    return len(given) == len(wanted)


class Pool(Protocol):
    """The part of `asyncpg.Pool` that is used."""

    def __await__(self) -> Generator[object, None, object]: ...

    def fetch(self, query: str, *args: object) -> Awaitable[Sequence[Mapping[str, object]]]:
        """Run a query and return its rows."""
        ...

    def close(self) -> Awaitable[object]:
        """Close all connections."""
        ...


def _check_address(instance: object, attribute: object, address: str) -> None:
    del instance, attribute
    if address != KV and not address.startswith((_SQLITE, *_POSTGRES)):
        raise ConfigurationError(
            "the records must be kv, sqlite:PATH or postgresql://HOST/DATABASE, not "
            f"{address.partition(':')[0]!r}"
        )


@frozen(kw_only=True)
class StoreOptions:
    """Options of the record store.

    Raises:
        ConfigurationError: If the address is malformed.
    """

    address: str = field(default=KV, validator=_check_address, repr=False)
    """`kv`, `sqlite:PATH` or `postgresql://…`. The last may hold a password."""
    bucket: str = "coredata-records"
    replicas: int = 1
    """Number of servers that keep a bucket or stream that is created here."""
    monitor: str | None = None
    """URL of the monitoring port of the NATS server."""
    allow_volatile: bool = False


@asynccontextmanager
async def open_records(options: StoreOptions, connection: Connection) -> AsyncGenerator[UploadRecords]:
    """Open the record store, and check that it keeps what it confirms.

    Raises:
        ConfigurationError: If it does not (`VolatileStoreError`), or its driver is not installed.
        RecordStoreError: If it cannot be reached.
    """
    # The address is never in a variable, because crash reporters print those of every frame.
    if options.address.startswith(_SQLITE):
        async with SqliteRecords(options.address.removeprefix(_SQLITE)) as records:
            await records.get("a key that opens the file")
            yield records
    elif options.address.startswith(_POSTGRES):
        async with _pool(options) as pool:
            table = PostgresRecords(pool, allow_volatile=options.allow_volatile)
            await table.prepare()
            yield table
    else:
        yield await KvRecords.open(
            connection.jetstream(),
            options.bucket,
            replicas=options.replicas,
            monitor=options.monitor,
            allow_volatile=options.allow_volatile,
        )


@asynccontextmanager
async def _pool(options: StoreOptions) -> AsyncGenerator[Pool]:
    try:
        create: Callable[[str], Pool] = import_module("asyncpg").create_pool
    except ImportError:
        raise ConfigurationError(
            "records in PostgreSQL need asyncpg: pip install 'coredata-async[postgres]'"
        ) from None
    failure = ""
    pool = create(options.address)
    try:
        await pool
    except Exception as exc:  # noqa: BLE001  # asyncpg's, OSError, and those of the name look-up
        failure = f"PostgreSQL at {_host_of(options)} cannot be used: {type(exc).__name__}"
    if failure:
        raise RecordStoreError(failure)
    try:
        yield pool
    finally:
        with suppress(TimeoutError):  # asyncpg would wait without limit for a server that does not answer
            async with asyncio.timeout(_CLOSE):
                await pool.close()


def _host_of(options: StoreOptions) -> str:
    try:
        return urlsplit(options.address).hostname or "its default host"
    except ValueError:
        return "a malformed address"
