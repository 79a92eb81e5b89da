"""Every record store keeps the promises of `UploadRecords`."""

import asyncio
import json

import pytest
from attrs import evolve

from coredata_async.errors import ConfigurationError
from coredata_async.records import KvRecords, PostgresRecords, SqliteRecords, VolatileStoreError
from coredata_async.records import kv as kv_module
from coredata_async.records import postgres as postgres_module
from coredata_async.records.outcomes import RecordStoreError, UnreadableRecordError
from coredata_async.records.record import UploadRecord, UploadState
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile

from .servers import nats_server, postgres_server

NEW = NewFile(filename="ü.txt", title="ü", parent="p-1", tags=("a", "b"))
STORED = Stored(Planned(size=3, content_type=None), "blob-1", "900150983cd24fb0d6963f7d28e17f72")
ODD_KEYS = ["plain", "bucket/a b@1", "ключ", "a" * 512, "tab\tnull\0", "*.>", "\\u0041", " "]


def record(key: str = "k", **changes: object) -> UploadRecord:
    return evolve(UploadRecord(key=key, state=UploadState.STORING, new=NEW, owner="me"), **changes)


def done(key: str) -> UploadRecord:
    return record(key, state=UploadState.CONFIRMED, stored=STORED, file_id="f-1", owner="")


@pytest.fixture
async def prefix(records, request) -> str:
    """Distinguish the records of this test in a server that several tests use."""
    return f"{request.node.name}:"


async def test_a_key_without_a_record_has_none(records, prefix) -> None:
    assert await records.get(f"{prefix}absent") is None


async def test_a_record_is_read_as_it_was_created(records, prefix) -> None:
    new = record(f"{prefix}k")

    number = await records.create(new)

    found = await records.get(new.key)
    assert (found.record, found.number) == (new, number)


async def test_a_key_has_one_record(records, prefix) -> None:
    first = record(f"{prefix}k")
    await records.create(first)

    assert await records.create(evolve(first, owner="other")) is None
    assert (await records.get(first.key)).record == first


async def test_of_concurrent_creations_one_succeeds(records, prefix) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(records.create(record(f"{prefix}k", owner=str(number)))) for number in range(20)
        ]

    assert len([task for task in tasks if task.result() is not None]) == 1


async def test_an_update_names_the_revision_it_replaces(records, prefix) -> None:
    new = record(f"{prefix}k")
    first = await records.create(new)

    second = await records.update(evolve(new, owner="b"), first)
    late = await records.update(evolve(new, owner="c"), first)

    assert second is not None
    assert second != first
    assert late is None
    assert (await records.get(new.key)).record.owner == "b"


async def test_of_concurrent_updates_one_succeeds(records, prefix) -> None:
    new = record(f"{prefix}k")
    number = await records.create(new)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(records.update(evolve(new, owner=str(owner)), number)) for owner in range(20)
        ]

    assert len([task for task in tasks if task.result() is not None]) == 1


async def test_an_update_without_a_record_changes_nothing(records, prefix) -> None:
    assert await records.update(record(f"{prefix}k"), 1) is None
    assert await records.get(f"{prefix}k") is None


async def test_a_deletion_names_the_revision_it_removes(records, prefix) -> None:
    new = record(f"{prefix}k")
    number = await records.create(new)
    latest = await records.update(evolve(new, owner="b"), number)

    assert not await records.delete(new.key, number)
    assert await records.delete(new.key, latest)
    assert await records.get(new.key) is None


async def test_a_deleted_key_can_be_used_again(records, prefix) -> None:
    new = record(f"{prefix}k")
    await records.delete(new.key, await records.create(new))

    assert await records.create(new) is not None


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_a_key_may_be_any_text(records, key) -> None:
    new = record(key)

    number = await records.create(new)

    assert (await records.get(key)).record == new
    assert await records.delete(key, number)


async def test_unfinished_records_are_all_read(records, prefix) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(1_100):
            key = f"{prefix}{number}"
            group.create_task(records.create(record(key) if number % 2 else done(key)))

    keys = [each.record.key async for each in records.list_unfinished() if each.record.key.startswith(prefix)]

    assert sorted(keys) == sorted(f"{prefix}{number}" for number in range(1, 1_100, 2))


async def test_reading_unfinished_records_can_be_abandoned(records, prefix) -> None:
    await records.create(record(f"{prefix}k"))

    unfinished = records.list_unfinished()
    await anext(unfinished)
    await unfinished.aclose()

    assert await records.get(f"{prefix}k") is not None


async def test_a_damaged_record_is_an_error_with_its_key_and_the_others_are_read(records, prefix) -> None:
    good, copied = record(f"{prefix}good"), record(f"{prefix}copied \n")
    await records.create(good)
    number = await records.create(evolve(copied))
    await write_raw(records, copied.key, good, number)

    found = [each async for each in records.list_unfinished()]
    with pytest.raises(UnreadableRecordError, match="belongs to the key") as caught:
        await records.get(copied.key)

    errors = [each for each in found if isinstance(each, UnreadableRecordError)]
    assert [(each.key, each.damaged) for each in errors] == [(copied.key, True)]
    assert good in [each.record for each in found if not isinstance(each, UnreadableRecordError)]
    assert await records.delete(copied.key, caught.value.revision)
    assert await records.get(copied.key) is None


async def write_raw(records, key: str, other: UploadRecord, number: int) -> None:
    """Store the record of another key below a key, as a careless restore of a backup may do."""
    match records:
        case SqliteRecords():
            data = (await records._read("SELECT data FROM upload_record WHERE key = ?", (other.key,)))[0][0]
            await records._write("UPDATE upload_record SET data = ? WHERE key = ?", (data, key))
        case PostgresRecords():
            await records._fetch(
                f"UPDATE {records._table} SET data = $1::text::json WHERE key = $2",
                json.dumps(other.to_dict()),
                postgres_module._escape_key(key),
            )
        case _:
            data = json.dumps(other.to_dict()).encode()
            await records._bucket.update(kv_module._encode_key(key), data, last=number)


async def test_a_damaged_text_in_an_sqlite_file_hides_no_other_record(tmp_path) -> None:
    async with SqliteRecords(tmp_path / "records.db") as records:
        for key in ("a", "b", "c"):
            await records.create(record(key))
        await records._write("UPDATE upload_record SET data = CAST(x'7B80' AS TEXT) WHERE key = ?", ("a",))
        await records._write("UPDATE upload_record SET key = CAST(x'6280' AS TEXT) WHERE key = ?", ("b",))

        found = [each async for each in records.list_unfinished()]
        with pytest.raises(UnreadableRecordError, match="'a': the upload record is damaged") as caught:
            await records.get("a")

    assert [each.key for each in found[:2]] == ["a", "b\\x80"]
    assert found[2].record == record("c")
    assert caught.value.damaged


@pytest.mark.servers
@pytest.mark.parametrize("key", ["ключ", "\\x", "\\N{none}"])
async def test_a_row_of_postgres_with_a_foreign_key_hides_no_other_record(postgres, key) -> None:
    import asyncpg

    async with asyncpg.create_pool(postgres, min_size=1, max_size=1) as pool:
        records = PostgresRecords(pool, table="foreign_key")
        await records.prepare()
        await pool.execute("TRUNCATE foreign_key")
        for each in (record("a"), record("z")):
            await records.create(each)
        await pool.execute("UPDATE foreign_key SET key = $1 WHERE key = 'a'", key)

        found = [each async for each in records.list_unfinished()]

    assert [each.key for each in found if isinstance(each, UnreadableRecordError)] == [key]
    assert record("z") in [each.record for each in found if not isinstance(each, UnreadableRecordError)]


async def test_an_sqlite_file_is_private_and_outlives_its_connection(tmp_path) -> None:
    path = tmp_path / "records.db"
    async with SqliteRecords(path) as records:
        await records.create(record("k"))

    async with SqliteRecords(path) as records:
        assert (await records.get("k")).record == record("k")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_records_that_were_opened_before_a_fork_are_refused_in_the_child(tmp_path, monkeypatch) -> None:
    async with SqliteRecords(tmp_path / "r.db") as records:
        await records.create(record())
        with monkeypatch.context() as child:
            child.setattr("os.getpid", lambda: 1)
            with pytest.raises(RecordStoreError, match="in each process"):
                await records.get("k")

        assert await records.get("k") is not None


async def test_a_file_that_is_not_a_database_is_reported(tmp_path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"not a database" * 100)
    async with SqliteRecords(path) as records:
        with pytest.raises(RecordStoreError, match=r"records\.db: the upload records cannot be used"):
            await records.get("k")


async def test_a_statement_that_sqlite_cannot_take_is_reported(tmp_path) -> None:
    async with SqliteRecords(tmp_path / "records.db") as records:
        with pytest.raises(RecordStoreError, match=r"records\.db: the upload records cannot be used"):
            await asyncio.wait_for(records.get("\ud800"), 10)


@pytest.mark.servers
async def test_a_bucket_that_is_not_synced_is_refused(tmp_path) -> None:
    import nats

    with nats_server(tmp_path, sync=False) as server:
        connection = await nats.connect(server.url)
        bucket = await connection.jetstream().create_key_value(bucket="records")

        with pytest.raises(VolatileStoreError, match="sync_interval: always"):
            await KvRecords(bucket).get("k")
        with pytest.raises(VolatileStoreError, match="sync_interval: always"):
            await KvRecords(bucket, monitor=server.monitor).get("k")
        assert await KvRecords(bucket, allow_volatile=True).get("k") is None
        await connection.close()


@pytest.mark.servers
async def test_a_synced_bucket_in_memory_is_refused(nats) -> None:
    import nats as client
    from nats.js.api import StorageType

    connection = await client.connect(nats.url)
    bucket = await connection.jetstream().create_key_value(bucket="memory", storage=StorageType.MEMORY)

    with pytest.raises(VolatileStoreError):
        await KvRecords(bucket, monitor=nats.monitor).get("k")
    await connection.close()


@pytest.mark.servers
async def test_a_record_that_a_server_does_not_take_is_a_permanent_error(nats) -> None:
    import nats as client

    connection = await client.connect(nats.url)
    bucket = await connection.jetstream().create_key_value(bucket="records", history=1)
    records = KvRecords(bucket, monitor=nats.monitor)

    with pytest.raises(ConfigurationError, match="larger than max_payload"):
        await records.create(record("large", new=evolve(NEW, filename="ü" * 200_000)))
    await connection.close()


@pytest.mark.servers
async def test_a_server_that_is_gone_is_reported(tmp_path) -> None:
    import nats

    with nats_server(tmp_path) as server:
        connection = await nats.connect(server.url, allow_reconnect=False)
        records = KvRecords(
            await connection.jetstream().create_key_value(bucket="records"), monitor=server.monitor
        )
        await records.create(record("k"))
        server.kill()

        with pytest.raises(RecordStoreError, match="NATS cannot be used"):
            await records.get("k")


@pytest.mark.servers
async def test_a_postgres_that_does_not_sync_is_refused() -> None:
    import asyncpg

    with postgres_server("fsync=off") as dsn:
        async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
            with pytest.raises(VolatileStoreError, match="fsync=off"):
                await PostgresRecords(pool).get("k")
            assert await PostgresRecords(pool, allow_volatile=True).get("k") is None


class Frozen:
    """A pool as asyncpg's is if the server does not answer: a cancelled statement waits for it, too."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.thawed = asyncio.Event()

    async def fetch(self, query: str, *args: object):
        try:
            await self.thawed.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            await self.thawed.wait()
            raise


async def test_a_postgres_that_does_not_answer_is_an_error_and_holds_no_caller_up(monkeypatch) -> None:
    pool = Frozen()
    monkeypatch.setattr(postgres_module, "TIMEOUT", 0.01)
    with pytest.raises(RecordStoreError, match=r"no answer within 0\.01 s"):
        await PostgresRecords(pool).get("k")

    monkeypatch.setattr(postgres_module, "TIMEOUT", 60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await PostgresRecords(pool).get("k")

    await asyncio.sleep(0)
    assert pool.cancelled == 2
    pool.thawed.set()
    await asyncio.sleep(0.01)


@pytest.mark.servers
async def test_many_processes_may_create_the_table_at_once(postgres) -> None:
    import asyncpg

    async with asyncpg.create_pool(postgres, min_size=8, max_size=8) as pool, asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(PostgresRecords(pool, table="created_at_once").prepare())


def test_a_table_name_is_plain() -> None:
    with pytest.raises(ValueError, match="not a plain table name"):
        PostgresRecords(None, table="a; DROP TABLE b")
