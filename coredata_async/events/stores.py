"""Record stores by address: a bucket of NATS, a file of SQLite, or a database of PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final, Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.events.nats_types import Connection
from coredata_async.records import KvRecords, PostgresRecords, RecordStoreError, SqliteRecords, UploadRecords

KV: Final = "kv"
_SQLITE: Final = "sqlite:"
_POSTGRES: Final = ("postgresql://", "postgres://")


class Pool(Protocol):
    """The part of `asyncpg.Pool` that is used."""

    def __await__(self) -> Generator[object, None, object]: ...

    def fetch(self, query: str, *args: object) -> Awaitable[Sequence[Mapping[str, object]]]:
        """Run a query and return its rows."""
        ...

    def close(self) -> Awaitable[object]:
        """Close all connections."""
        ...


def _check(instance: object, attribute: object, address: str) -> None:
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

    address: str = field(default=KV, validator=_check, repr=False)
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
    address = options.address
    if address.startswith(_SQLITE):
        async with SqliteRecords(address.removeprefix(_SQLITE)) as records:
            await records.get("a key that opens the file")
            yield records
    elif address.startswith(_POSTGRES):
        async with _pool(address) as pool:
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
async def _pool(address: str) -> AsyncGenerator[Pool]:
    try:
        create: Callable[[str], Pool] = import_module("asyncpg").create_pool
    except ImportError:
        raise ConfigurationError(
            "records in PostgreSQL need asyncpg: pip install 'coredata-async[postgres]'"
        ) from None
    failure = ""
    pool = create(address)
    try:
        await pool
    except Exception as exc:  # noqa: BLE001  # asyncpg's, OSError, and those of the name look-up
        failure = f"PostgreSQL at {urlsplit(address).hostname} cannot be used: {type(exc).__name__}"
    if failure:
        raise RecordStoreError(failure)
    try:
        yield pool
    finally:
        await pool.close()
