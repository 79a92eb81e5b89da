"""One key is one File, for any number of uploads and any response of the service."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable

import pytest
from attrs import evolve

from coredata_async import ConfigurationError, Failed, SourceChangedError, SourceError, Unknown, Uploaded
from coredata_async.records import Busy, IdempotentUploads, KeyReusedError, SqliteRecords
from coredata_async.records import idempotent as module
from coredata_async.records.outcomes import RecordStoreError, UnreadableRecordError
from coredata_async.records.record import UploadRecord, UploadState
from coredata_async.wire.files import NewFile
from tests.rig import QUICK

SETTLE = evolve(QUICK, settle=0.4, probe_gap=0.1)


@pytest.fixture
async def records(tmp_path):
    async with SqliteRecords(tmp_path / "records.db") as records:
        yield records


@pytest.fixture
async def uploads(box, records):
    async with box.client(retry=SETTLE) as client:
        yield IdempotentUploads(client, records, lease=5)


@pytest.fixture
def upload(box, uploads) -> Callable[..., object]:
    async def upload(source=b"content", *, key="k", **options):
        options = {"parent": box.project, "filename": "a.txt", **options}
        return await uploads.upload(source, key=key, **options)

    return upload


def files(box) -> Counter[str]:
    return Counter(str(file.fields["filename"]) for file in box.state.files)


async def test_a_key_that_was_uploaded_returns_its_file(box, upload) -> None:
    first = await upload()
    second = await upload()

    assert isinstance(first, Uploaded)
    assert (first.key, first.verified, first.size) == ("k", True, 7)
    assert second == first
    assert files(box) == {"a.txt": 1}


async def test_a_new_key_takes_three_writes_and_no_read(records, upload, monkeypatch) -> None:
    calls: list[str] = []
    for name in ("get", "create", "update"):
        monkeypatch.setattr(records, name, counting(getattr(records, name), calls))

    await upload()
    assert calls == ["create", "update", "update"]

    calls.clear()
    await upload()
    assert calls == ["create", "get"]


def counting(method, calls: list[str]):
    async def counted(*args):
        calls.append(method.__name__)
        return await method(*args)

    return counted


async def test_keys_are_independent(box, upload) -> None:
    await upload(key="1")
    await upload(key="2")

    assert files(box) == {"a.txt": 2}


async def test_of_concurrent_calls_one_uploads_and_the_others_are_busy(box, upload) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(upload()) for _ in range(8)]
    kinds = Counter(type(task.result()) for task in tasks)

    assert kinds == {Uploaded: 1, Busy: 7}
    assert files(box) == {"a.txt": 1}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"source": b"other"}, "other content"),
        ({"source": b"CONTENT"}, "other content"),
        ({"digest": "0" * 32}, "other content"),
        ({"filename": "b.txt"}, "another parent or name"),
        ({"title": "b"}, "another parent or name"),
    ],
)
async def test_a_key_that_is_used_for_something_else_is_refused(box, upload, changes, difference) -> None:
    await upload()

    outcome = await upload(**changes)

    assert isinstance(outcome, Failed)
    assert outcome.permanent
    assert isinstance(outcome.error, KeyReusedError)
    assert difference in str(outcome.error)
    assert files(box) == {"a.txt": 1}


async def test_a_known_digest_spares_reading_the_source(upload, tmp_path) -> None:
    first = await upload()

    assert await upload(tmp_path / "gone", digest=first.digest) == first


async def test_bytes_without_the_known_digest_are_not_registered(box, upload) -> None:
    changed = await upload(b"version 2", digest=hashlib.md5(b"version 1").hexdigest())
    again = await upload(b"version 1", digest=hashlib.md5(b"version 1").hexdigest().upper())

    assert isinstance(changed, Failed)
    assert isinstance(changed.error, SourceChangedError)
    assert not changed.permanent
    assert isinstance(again, Uploaded)
    assert files(box) == {"a.txt": 1}


async def test_a_source_that_can_be_read_once_is_not_stored_again_without_its_bytes(
    box, records, upload
) -> None:
    async def read_once():
        yield b"content"

    box.faults.status("files.register", 403)
    await upload(read_once())
    kept = await records.get("k")
    await records.update(evolve(kept.record, stored_at=0.0), kept.number)  # the blob may have been deleted

    compared = await upload(read_once())
    assert isinstance(compared, Failed)
    assert isinstance(compared.error, SourceChangedError)
    assert not files(box)

    assert (await upload(read_once())).size == 7
    assert files(box) == {"a.txt": 1}


async def test_a_source_that_is_gone_does_not_hide_the_file(upload, tmp_path) -> None:
    first = await upload()

    assert (await upload(tmp_path / "gone")).file_id == first.file_id


async def test_a_failed_upload_can_be_repeated_at_once(box, upload, tmp_path) -> None:
    path = tmp_path / "a.txt"

    failed = await upload(path)
    path.write_bytes(b"content")

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, SourceError)
    assert failed.permanent
    assert isinstance(await upload(path), Uploaded)
    assert files(box) == {"a.txt": 1}


@pytest.mark.parametrize("status", [302, 409, 425, 500, 503, 524])
async def test_a_registration_of_unknown_outcome_is_looked_for(box, upload, status) -> None:
    box.faults.status("files.register", status, done=True)

    outcome = await upload()

    assert isinstance(outcome, Uploaded)
    assert files(box) == {"a.txt": 1}


@pytest.mark.parametrize("status", [500, 503, 524])
async def test_a_registration_that_was_not_carried_out_is_repeated(box, upload, status) -> None:
    box.faults.status("files.register", status)

    outcome = await upload()

    assert isinstance(outcome, Uploaded)
    assert files(box) == {"a.txt": 1}


async def test_a_registration_that_comes_late_is_found_by_a_later_call(box, upload) -> None:
    box.faults.commit_late("files.register", 0.3)

    unknown = await upload(patience=0.05)
    await asyncio.sleep(0.4)
    later = await upload()

    assert isinstance(unknown, Unknown)
    assert "a later call with the same key" in str(unknown.error)
    assert isinstance(later, Uploaded)
    assert files(box) == {"a.txt": 1}


@pytest.mark.parametrize("patience", [0.0, 0.05])
async def test_calls_of_little_patience_end_with_a_file(box, upload, patience) -> None:
    box.faults.reset_before("files.register")

    outcome = None
    for _ in range(20):
        outcome = await upload(patience=patience)
        if isinstance(outcome, Uploaded):
            break
        await asyncio.sleep(0.05)

    assert isinstance(outcome, Uploaded)
    assert files(box) == {"a.txt": 1}


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
async def test_a_refused_registration_is_a_failure_and_can_be_repeated(box, upload, status) -> None:
    box.faults.status("files.register", status)

    refused = await upload()
    repeated = await upload()

    assert isinstance(refused, Failed)
    assert refused.permanent
    assert isinstance(repeated, Uploaded)
    assert files(box) == {"a.txt": 1}


async def test_a_refused_registration_that_was_carried_out_is_found(box, upload) -> None:
    box.faults.status("files.register", 400, done=True)

    await upload()
    repeated = await upload()

    assert isinstance(repeated, Uploaded)
    assert files(box) == {"a.txt": 1}


class Clock:
    """A clock that is advanced by `sleep`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_what_a_dead_process_left_is_recovered(box, records, client, upload) -> None:
    clock = Clock()
    uploads = IdempotentUploads(client, records, clock=clock, sleep=clock.sleep, fence=False)
    await _leave_half_done(box, records, client)

    outcomes = [each async for each in uploads.recover()]

    kinds = {each.key: type(each) for each in outcomes}
    assert kinds == {"stored": Uploaded, "registered": Uploaded, "not-stored": Failed}
    assert files(box) == {"stored.txt": 1, "registered.txt": 1}
    assert [each.record.owner async for each in records.list_unfinished()] == [""]
    assert isinstance(await upload(key="not-stored", filename="not-stored.txt"), Uploaded)


async def damage(records, key: str, data: str) -> None:
    """Overwrite the data of a record."""
    await records._write("UPDATE upload_record SET data = ? WHERE key = ?", (data, key))


DAMAGES = {"not JSON": "{", "no record": "[]", "deep": "[" * 100_000}


@pytest.mark.parametrize("data", DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_record_does_not_hide_the_others(box, records, client, caplog, data) -> None:
    clock = Clock()
    uploads = IdempotentUploads(client, records, clock=clock, sleep=clock.sleep, fence=False)
    await _leave_half_done(box, records, client)
    await damage(records, "not-stored", data)

    outcomes = {each.key: each async for each in uploads.recover()}
    later = [each async for each in uploads.recover()]

    assert {key: type(each) for key, each in outcomes.items()} == {
        "not-stored": Failed,
        "stored": Uploaded,
        "registered": Uploaded,
    }
    assert isinstance(outcomes["not-stored"].error, UnreadableRecordError)
    assert later == []
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "a record is skipped: key 'not-stored': the upload record is damaged" in warnings[0]
    with pytest.raises(UnreadableRecordError, match=r"call forget\(key\)"):
        await uploads.upload(b"content", parent=box.project, filename="a.txt", key="not-stored")
    assert await uploads.forget("not-stored")
    assert await records.get("not-stored") is None


async def test_a_record_of_a_newer_version_is_skipped_and_not_forgotten(records, uploads, caplog) -> None:
    new = NewFile(filename="a", title="a", parent="p")
    await records.create(UploadRecord(key="k", state=UploadState.STORING, new=new))
    await damage(records, "k", '{"format": 2}')

    outcomes = [each async for each in uploads.recover()]

    assert [(each.key, each.error.damaged) for each in outcomes] == [("k", False)]
    assert "update coredata-async" in caplog.text
    with pytest.raises(UnreadableRecordError, match="has format 2"):
        await uploads.forget("k")


async def test_recovery_leaves_live_calls_alone(box, records, client) -> None:
    record = UploadRecord(key="live", state=UploadState.STORING, new=_new(box, "live"), owner="other")
    number = await records.create(record)
    clock = Clock()

    async def renewed_meanwhile(seconds: float) -> None:
        await clock.sleep(seconds)
        await records.update(evolve(record, renewals=1), number)

    uploads = IdempotentUploads(client, records, clock=clock, sleep=renewed_meanwhile, fence=False)

    assert [each async for each in uploads.recover()] == []


async def test_the_record_of_a_dead_call_is_taken_after_a_whole_lease(box, records, client) -> None:
    clock = Clock()
    uploads = IdempotentUploads(client, records, clock=clock, fence=False)
    await records.create(UploadRecord(key="k", state=UploadState.STORING, new=_new(box, "a"), owner="dead"))

    async def upload() -> object:
        return await uploads.upload(b"content", parent=box.project, filename="a.txt", key="k")

    assert await upload() == Busy(key="k", retry_after=30.0)
    clock.now += 29.0
    assert await upload() == Busy(key="k", retry_after=1.0)
    clock.now += 1.0
    assert isinstance(await upload(), Uploaded)


async def test_forgetting_a_key_allows_another_file(box, uploads, upload) -> None:
    await upload()

    assert await uploads.forget("k")
    assert not await uploads.forget("k")
    await upload()
    assert files(box) == {"a.txt": 2}


async def test_a_key_in_use_is_not_forgotten(box, records, uploads) -> None:
    await records.create(UploadRecord(key="k", state=UploadState.STORING, new=_new(box, "k"), owner="other"))

    with pytest.raises(ConfigurationError, match="a call works on this key"):
        await uploads.forget("k")


async def test_a_key_whose_file_may_exist_is_not_forgotten(box, uploads, upload) -> None:
    box.faults.commit_late("files.register", 0.3)
    await upload(patience=0.01)

    with pytest.raises(ConfigurationError, match="its File may exist"):
        await uploads.forget("k")


@pytest.mark.parametrize("key", ["", "ä" * 257, "k" * 513, "lone surrogate \ud800"])
async def test_an_invalid_key_is_refused(upload, key) -> None:
    with pytest.raises(ConfigurationError, match="key must be a string of 1 to 512 bytes"):
        await upload(key=key)


@pytest.mark.parametrize("lease", [0, 4.9, -1, float("nan")])
def test_a_lease_that_is_too_short_is_refused(lease) -> None:
    with pytest.raises(ConfigurationError, match="lease must be at least 5 seconds"):
        IdempotentUploads(None, None, lease=lease)


class Flaky:
    """A record store that carries writes out and then fails to answer, or does nothing."""

    def __init__(self, records, fail_at: int, *, carried_out: bool) -> None:
        self._records, self._fail_at, self._carried_out, self._writes = records, fail_at, carried_out, 0
        self.get, self.delete, self.list_unfinished = records.get, records.delete, records.list_unfinished

    async def create(self, record):
        return await self._write(lambda: self._records.create(record))

    async def update(self, record, revision):
        return await self._write(lambda: self._records.update(record, revision))

    async def _write(self, write):
        self._writes += 1
        if self._writes != self._fail_at:
            return await write()
        if self._carried_out:
            await write()
        raise RecordStoreError("the answer was lost")


@pytest.mark.parametrize("fail_at", [1, 2, 3])
@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_write_whose_answer_is_lost_is_repeated(box, records, client, fail_at, carried_out) -> None:
    uploads = IdempotentUploads(client, Flaky(records, fail_at, carried_out=carried_out), lease=5)

    outcome = await uploads.upload(b"content", parent=box.project, filename="a.txt", key="k")
    if isinstance(outcome, Busy):  # the record was not created
        outcome = await uploads.upload(b"content", parent=box.project, filename="a.txt", key="k")

    assert isinstance(outcome, Uploaded)
    assert (await records.get("k")).record.is_done
    assert files(box) == {"a.txt": 1}


class Full(Flaky):
    """A record store that reads, and does not write, as on a full disk."""

    def __init__(self, records) -> None:
        super().__init__(records, 0, carried_out=False)

    async def _write(self, write):
        raise RecordStoreError("the disk is full")


async def test_a_store_that_does_not_write_is_an_error_and_not_a_key_in_use(box, records, client) -> None:
    full, options = IdempotentUploads(client, Full(records), lease=5), {"parent": box.project, "key": "k"}
    with pytest.raises(RecordStoreError, match="the disk is full"):
        await full.upload(b"content", filename="a.txt", **options)

    number = await records.create(UploadRecord(key="k", state=UploadState.STORING, new=_new(box, "a")))
    with pytest.raises(RecordStoreError, match="the disk is full"):
        await full.upload(b"content", filename="a.txt", **options)

    assert (await records.get("k")).number == number
    assert not files(box)


async def test_an_owner_that_loses_its_record_sends_nothing_more(box, records, uploads, upload) -> None:
    """Another owner takes the record while the bytes are stored."""
    box.faults.delay("storage.put", 0.4)
    task = asyncio.create_task(upload())
    await asyncio.sleep(0.2)
    found = await records.get("k")
    await records.update(evolve(found.record, owner="other", epoch=2), found.number)

    outcome = await task

    assert isinstance(outcome, Busy)
    assert files(box) == {}


def _new(box, name: str) -> NewFile:
    return NewFile(filename=f"{name}.txt", title=name, parent=box.project)


async def _leave_half_done(box, records, client) -> None:
    """Leave three records of processes that died before the PUT, before and after the registration."""
    steps = client.files.steps
    for key in ("not-stored", "stored", "registered"):
        record = UploadRecord(key=key, state=UploadState.STORING, new=_new(box, key), owner="dead")
        if key != "not-stored":
            stored = await steps.store(b"content", filename=f"{key}.txt")
            record = evolve(record, state=UploadState.REGISTERING, stored=stored, rounds=1)
            if key == "registered":
                await steps.register(stored, record.new)
        await records.create(record)


def test_the_module_names_its_limits() -> None:
    assert module.RECOVERED_AT_ONCE == 32
