"""Records in a bucket with three replicas survive the loss of one server, without syncing every write."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from attrs import evolve

from coredata_async import Uploaded
from coredata_async.records import (
    IdempotentUploads,
    KvRecords,
    RecordStoreError,
    UploadRecord,
    UploadState,
    VolatileStoreError,
)
from coredata_async.wire.files import NewFile

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]
KEYS = [f"key-{number}" for number in range(20)]


@pytest.fixture
async def connection(cluster):
    import nats

    connection = await nats.connect(
        [server.url for server in cluster], max_reconnect_attempts=-1, reconnect_time_wait=0.1
    )
    yield connection
    await connection.close()


async def open_replicas(connection, bucket: str, replicas: int) -> KvRecords:
    """Open a bucket as soon as the servers have elected a leader."""
    async with asyncio.timeout(60):
        while True:
            with suppress(RecordStoreError):
                return await KvRecords.open(connection.jetstream(), bucket, replicas=replicas)
            await asyncio.sleep(0.2)


async def test_a_bucket_with_fewer_replicas_is_refused(connection) -> None:
    with pytest.raises(VolatileStoreError, match="has 1 replicas"):
        await open_replicas(connection, "single", 1)


async def test_no_record_is_lost_with_a_server_and_uploads_go_on(box, client, cluster, connection) -> None:
    records = await open_replicas(connection, "records", 3)
    uploads = IdempotentUploads(client, records)

    async def upload(key: str) -> object:
        return await uploads.upload(b"content", parent=box.project, filename=f"{key}.txt", key=key)

    async with asyncio.TaskGroup() as group:
        for key in KEYS:
            group.create_task(upload(key))
    leader = (await connection.jetstream().stream_info("KV_records")).cluster.leader
    cluster[int(leader.removeprefix("n"))].kill()
    async with asyncio.timeout(60):  # until another one is elected
        while True:
            with suppress(RecordStoreError):
                again = [await upload(key) for key in [*KEYS, "new"]]
                break

    assert {type(each) for each in again} == {Uploaded}
    assert Counter(str(file.fields["filename"]) for file in box.state.files) == {
        f"{key}.txt": 1 for key in [*KEYS, "new"]
    }


async def test_of_concurrent_updates_one_succeeds_while_a_server_is_lost(cluster, connection) -> None:
    records = await open_replicas(connection, "records", 3)
    new = NewFile(filename="a.txt", title="a", parent="p")
    record = UploadRecord(key="k", state=UploadState.STORING, new=new)
    number = await records.create(record)
    written: list[str] = []

    async def update(owner: str) -> None:
        with suppress(RecordStoreError):  # then it is unknown
            if await records.update(evolve(record, owner=owner), number) is not None:
                written.append(owner)

    async with asyncio.TaskGroup() as group:
        for owner in map(str, range(20)):
            group.create_task(update(owner))
        cluster[0].kill()
    async with asyncio.timeout(60):
        while True:
            with suppress(RecordStoreError):
                found = await records.get("k")
                break

    assert len(written) <= 1
    if written:
        assert found.record.owner == written[0]
