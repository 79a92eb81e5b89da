"""Log records of failures: repeats at INFO, unknown outcomes once at WARNING, and no secret."""

import logging
from collections.abc import Iterator

import pytest
from attrs import evolve

from coredata_async import OutcomeUnknownError
from coredata_async.bulk import UploadJob
from coredata_async.records import IdempotentUploads, SqliteRecords
from tests.rig import QUICK

QUICK_SETTLE = evolve(QUICK, settle=0.2, probe_gap=0.05)


@pytest.fixture
def box(coredata_sandbox):
    return coredata_sandbox


@pytest.fixture(params=["auto", "aiohttp"])
async def client(request, box):
    async with box.client(retry=QUICK_SETTLE, transport=request.param) as client:
        yield client


@pytest.fixture
def records(caplog, box) -> Iterator[pytest.LogCaptureFixture]:
    """The records at INFO and above; none may hold a secret, a query or a control character."""
    caplog.set_level(logging.INFO, "coredata_async")
    yield caplog
    texts = [record.getMessage() for record in caplog.records]
    assert [text for text in texts if box.api_key in text or "?" in text or not text.isprintable()] == []


def logged(caplog, level: str) -> list[tuple[str, str]]:
    return [(each.name, each.getMessage()) for each in caplog.records if each.levelname == level]


async def test_what_goes_well_is_not_logged(box, client, records) -> None:
    await client.files.upload(b"content", parent=box.project, filename="a.txt")

    assert records.records == []


async def test_a_repeated_request_is_logged(box, client, records) -> None:
    box.faults.status("storage.put", 503)

    await client.files.upload(b"content", parent=box.project, filename="a.txt")

    ((name, text),) = logged(records, "INFO")
    assert name == "coredata_async.http"
    assert text.endswith("attempt 1 failed (503), repeated in 0.00 s")


async def test_a_new_url_is_logged(box, client, records) -> None:
    box.faults.expire()

    await client.files.upload(b"content", parent=box.project, filename="a\n.txt")

    ((name, text),) = logged(records, "INFO")
    assert name == "coredata_async.upload"
    assert text.startswith("a\\n.txt: the PUT was not accepted, another URL is reserved in 0.00 s: ")


async def test_a_lost_registration_is_one_warning_and_its_end(box, client, records) -> None:
    box.faults.reset_after("files.register")

    await client.files.upload(b"content", parent=box.project, filename="a.txt")

    ((name, text),) = logged(records, "WARNING")
    assert name == "coredata_async.upload"
    assert text.startswith("a.txt: it is unknown whether the File of blob ")
    assert logged(records, "INFO")[-1][1].startswith("registered after all: a.txt as ")


async def test_a_lost_registration_of_the_single_steps_is_one_warning(box, client, records) -> None:
    box.faults.reset_after("files.register")
    steps = client.files.steps
    stored = await steps.store(b"content", filename="a.txt")

    await steps.register(stored, steps.new_file(parent=box.project, filename="a.txt"))

    ((name, text),) = logged(records, "WARNING")
    assert name == "coredata_async.upload"
    assert text.startswith("a.txt: it is unknown whether the File of blob ")


async def test_a_lost_creation_is_one_warning(box, client, records) -> None:
    box.faults.reset_after("projects.create")

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.projects.create(space=box.space, title="Board")

    assert logged(records, "WARNING") == [("coredata_async.http", str(caught.value))]


async def test_a_lost_registration_of_a_job_is_one_warning(box, client, records, tmp_path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("content")
    box.faults.reset_after("files.register")

    job = UploadJob(client, tmp_path / "files", parent=box.project, journal=tmp_path / "journal")
    assert (await job.run()).ended == "complete"

    ((name, text),) = logged(records, "WARNING")
    assert name == "coredata_async.bulk"
    assert ": it is unknown whether its File was registered: " in text


async def test_a_lost_registration_of_an_idempotent_upload_is_one_warning(
    box, client, records, tmp_path
) -> None:
    box.faults.reset_after("files.register")

    async with SqliteRecords(tmp_path / "records.db") as store:
        uploads = IdempotentUploads(client, store, lease=5, fence=False)
        await uploads.upload(b"content", parent=box.project, filename="a.txt", key="k")

    ((name, text),) = logged(records, "WARNING")
    assert name == "coredata_async.upload"
    assert text.startswith("a.txt: it is unknown whether the File of blob ")


async def test_a_download_that_breaks_off_is_logged(box, client, records) -> None:
    file = (await client.files.upload(b"0123456789", parent=box.project, filename="a.txt")).file_id
    box.faults.truncate("storage.get", 4)

    async with client.files.download(file) as body:
        assert await body.read() == b"0123456789"

    ((name, text),) = logged(records, "INFO")
    assert name == "coredata_async.download"
    assert text.startswith(
        f"the download of File {file} broke off after 4 bytes and is continued in 0.00 s: "
    )
