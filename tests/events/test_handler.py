"""Acknowledgement of a message, by its outcome, and the metrics of it."""

import json
import logging
from collections import Counter

import pytest
from attrs import evolve

from coredata_async.events.handler import LONGEST_DELAY, Again, Dead, Done, EventHandler, Metrics
from coredata_async.events.remote import RemoteFiles
from coredata_async.events.sources import SourceRules
from coredata_async.records import (
    IdempotentUploads,
    RecordStoreError,
    SqliteRecords,
    UploadRecord,
    UploadState,
)
from coredata_async.wire.files import NewFile
from tests.rig import QUICK


@pytest.fixture
async def records(tmp_path):
    async with SqliteRecords(tmp_path / "records.db") as records:
        yield records


@pytest.fixture
async def handler(box, records, root):
    rules = SourceRules(roots=[root])
    async with (
        box.client(retry=evolve(QUICK, attempts=1, settle=0.4, probe_gap=0.1)) as client,
        RemoteFiles(rules) as remote,
    ):
        yield EventHandler(
            uploads=IdempotentUploads(client, records, lease=5),
            records=records,
            rules=rules,
            remote=remote,
            metrics=Metrics(),
            max_deliver=3,
            settle=0.5,
            jitter=lambda: 1.0,
        )


@pytest.fixture
def data(box):
    def make(**fields: object) -> bytes:
        given = {"source": "a.txt", "parent": box.project, "filename": "a.txt", "key": "k"}
        return json.dumps({**given, **fields}).encode()

    return make


def files(box) -> Counter[str]:
    return Counter(str(file.fields["filename"]) for file in box.state.files)


async def test_a_file_that_exists_is_done_however_often_the_message_comes(box, handler, data) -> None:
    assert [await handler.handle(data(), number) for number in (1, 2, 9)] == [Done()] * 3
    assert files(box) == {"a.txt": 1}
    assert handler.metrics.outcomes == {"uploaded": 3}


async def test_a_source_that_is_gone_is_not_needed_any_more(box, handler, data, root) -> None:
    await handler.handle(data(), 1)
    (root / "a.txt").unlink()

    assert await handler.handle(data(), 2) == Done()


async def test_an_invalid_message_is_dead_at_once(handler) -> None:
    assert await handler.handle(b'{"key": "k"}', 1) == Dead(
        "the message: 'source' must be str, not NoneType", "k"
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"source": "none.txt"}, "none.txt: it cannot be read: No such file or directory"),
        ({"source": "../x"}, "../x: it is not below an allowed root (--root)"),
        ({"source": "http://h/x?Signature=s"}, "http://h/x: a source must be a path or an https URL"),
        ({"tags": ["a,b"]}, "a,b"),
        ({"parent": "nowhere"}, "Project, Folder or Filespace 'nowhere' does not exist"),
    ],
)
async def test_a_permanent_failure_is_dead_at_once(box, handler, data, fields, reason) -> None:
    answer = await handler.handle(data(**fields), 1)

    assert isinstance(answer, Dead)
    assert reason in answer.reason
    assert answer.key == "k"
    assert not files(box)


async def test_a_file_of_another_size_may_still_be_written(handler, data) -> None:
    answers = [await handler.handle(data(size=30), number) for number in (1, 3)]

    assert answers[0] == Again(2.0)
    assert isinstance(answers[1], Dead)
    assert "has 7 bytes instead of 30" in answers[1].reason


@pytest.mark.parametrize("key", ["\ud800", "k" * 5000], ids=["half a character", "too long"])
async def test_a_key_that_no_record_store_takes_is_dead_although_its_source_is_missing(
    handler, data, key
) -> None:
    answer = await handler.handle(data(source="none.txt", key=key), 1)

    assert isinstance(answer, Dead)
    assert "key must be a string of 1 to 512 bytes" in answer.reason


async def test_a_key_that_was_used_for_other_content_is_dead(box, handler, data, root) -> None:
    await handler.handle(data(), 1)
    (root / "a.txt").write_text("other content")

    answer = await handler.handle(data(), 1)

    assert isinstance(answer, Dead)
    assert "used before for other content" in answer.reason


async def test_a_failure_that_may_pass_is_repeated_later_and_later_and_then_dead(box, handler, data) -> None:
    box.faults.status("blobs.reserve", 503, times=3)

    answers = [await handler.handle(data(), number) for number in (1, 2, 3)]

    assert answers[:2] == [Again(2.0), Again(4.0)]
    assert isinstance(answers[2], Dead)
    assert "(after 3 deliveries)" in answers[2].reason


async def test_the_delay_is_bounded(box, handler, data) -> None:
    box.faults.status("blobs.reserve", 503, times=1)
    handler.max_deliver = 1000

    assert await handler.handle(data(), 900) == Again(LONGEST_DELAY)


async def test_a_message_that_was_delivered_too_often_is_not_tried_again(box, handler, data) -> None:
    answer = await handler.handle(data(), 4)

    assert isinstance(answer, Dead)
    assert "3 times without an answer" in answer.reason
    assert not files(box)


async def test_a_record_store_that_cannot_be_reached_is_waited_for(handler, data, monkeypatch) -> None:
    async def fail(_: object) -> None:
        raise RecordStoreError("no answer")

    for method in ("get", "create"):
        monkeypatch.setattr(handler.records, method, fail)

    assert [type(await handler.handle(data(), number)) for number in (1, 99)] == [Again, Again]


async def test_a_message_whose_record_is_damaged_is_dead_and_names_its_key(handler, data, records) -> None:
    await handler.handle(data(), 1)
    await records._write("UPDATE upload_record SET data = ?", ("{",))

    answer = await handler.handle(data(), 1)

    assert answer == Dead(
        "key 'k': the upload record is damaged: it is not JSON; look for its File, then call forget(key)", "k"
    )
    assert handler.metrics.outcomes["damaged"] == 1


async def test_a_key_that_is_not_a_text_is_dead_at_once(handler, data) -> None:
    answer = await handler.handle(data(key="\ud800"), 1)

    assert isinstance(answer, Dead)
    assert "key must be a string of 1 to 512 bytes" in answer.reason


async def test_a_message_whose_key_is_in_use_waits_and_is_never_dead(box, handler, data, records) -> None:
    new = NewFile(filename="a.txt", title="a", parent=box.project)
    await records.create(UploadRecord(key="k", state=UploadState.STORING, new=new, owner="another call"))

    answer = await handler.handle(data(), 10 * handler.max_deliver)

    assert isinstance(answer, Again)
    assert 1 <= answer.delay <= 5


async def test_no_control_character_of_a_message_reaches_the_log(handler, data, caplog) -> None:
    caplog.set_level(logging.INFO, "coredata_async")

    await handler.handle(data(key="a\nWARNING forged\x1b[31m"), 1)
    await handler.handle(data(key="b\n", source="gone\n.txt"), 1)

    texts = [record.getMessage() for record in caplog.records if record.name == "coredata_async.events"]
    assert texts
    assert all(text.isprintable() for text in texts)


async def test_a_message_that_ended_every_worker_is_dead(box, handler, data, records) -> None:
    new = NewFile(filename="a.txt", title="a", parent=box.project)
    record = UploadRecord(key="k", state=UploadState.STORING, new=new, owner="a dead call", epoch=3)
    await records.create(record)

    assert isinstance(await handler.handle(data(), 4), Dead)


def test_messages_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.outcomes["uploaded"] += 2
    with metrics.message():
        assert "coredata_worker_in_flight 1\n" in metrics.render()

    text = metrics.render()

    assert 'coredata_worker_messages_total{outcome="uploaded"} 2\n' in text
    assert "coredata_worker_in_flight 0\n" in text
    assert 'coredata_worker_message_seconds_bucket{le="+Inf"} 1\n' in text
    assert "coredata_worker_message_seconds_count 1\n" in text
