"""Record stores by address, so that a test and its child processes open the same one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coredata_async.records import KvRecords, PostgresRecords, SqliteRecords, UploadRecords


@asynccontextmanager
async def open_records(address: str, *, connections: int = 4) -> AsyncIterator[UploadRecords]:
    """Open `sqlite:PATH`, `postgresql://…` or `nats://…`."""
    if address.startswith("sqlite:"):
        async with SqliteRecords(address.removeprefix("sqlite:")) as records:
            yield records
    elif address.startswith("postgresql:"):
        import asyncpg

        async with asyncpg.create_pool(address, min_size=1, max_size=connections) as pool:
            yield PostgresRecords(pool)
    else:
        import nats

        url, _, monitor = address.partition(" ")
        connection = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
        try:
            bucket = await connection.jetstream().create_key_value(bucket="records", history=1)
            yield KvRecords(bucket, monitor=monitor)
        finally:
            await connection.close()
