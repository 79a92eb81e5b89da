"""A download in the caller's hands: iterated, read, or saved under a name that is never half-written."""

import asyncio
import errno

import pytest

from coredata_async import (
    ChecksumMismatchError,
    CoreDataError,
    NotFoundError,
    Retry,
    ServerError,
    StorageError,
    Timeouts,
)
from tests.rig import cancelled_at, some_bytes

DATA = some_bytes(500_000)


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="a.bin")).file_id


def once(client):
    """A client that does not take up again what broke off or stood still."""
    return client.with_options(retry=Retry.none(), timeouts=Timeouts(response=0.15, stall=0.15))


async def save(client, file, path, *, resume=False, **options):
    async with client.files.download(file, **options) as body:
        return await body.save(path, resume=resume)


async def test_it_is_iterated_in_order(client, file):
    async with client.files.download(file) as body:
        assert b"".join([block async for block in body]) == DATA


async def test_it_is_read_whole(client, file):
    async with client.files.download(file) as body:
        assert await body.read() == DATA


async def test_it_is_saved_and_nothing_else_is_there(client, file, tmp_path):
    path = tmp_path / "out.bin"

    assert await save(client, file, str(path)) == path
    assert path.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [path]


async def test_a_part_is_saved(client, file, tmp_path):
    path = await save(client, file, tmp_path / "out", offset=10, length=20)

    assert path.read_bytes() == DATA[10:30]


@pytest.mark.parametrize("name", ["x" * 255, "ð" * 127, "a b'\"?.bin"])
async def test_a_long_or_odd_name_is_fine(client, file, tmp_path, name):
    for resume in (False, True):
        path = await save(client, file, tmp_path / name, resume=resume)

        assert path.read_bytes() == DATA


async def test_an_existing_file_is_replaced_only_at_the_end(client, box, file, tmp_path):
    path = tmp_path / "out.bin"
    path.write_bytes(b"before")
    seen = set()

    async def watch():
        while True:
            seen.add(path.stat().st_size)
            await asyncio.sleep(0)

    box.faults.slow("storage.get", 10_000_000)
    watching = asyncio.create_task(watch())
    await save(client, file, path)
    watching.cancel()

    assert seen <= {len(b"before"), len(DATA)}
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lambda faults: faults.truncate("storage.get", 10, times=None), StorageError),
        (lambda faults: faults.corrupt("storage.get", 10), ChecksumMismatchError),
        (lambda faults: faults.wrong_digest("storage.get"), ChecksumMismatchError),
    ],
)
async def test_what_fails_leaves_the_old_file_and_nothing_else(client, box, file, tmp_path, *, fault, error):
    path = tmp_path / "out.bin"
    path.write_bytes(b"before")
    fault(box.faults)

    with pytest.raises(error):
        await save(client.with_options(retry=Retry.none()), file, path)

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


async def test_a_folder_that_is_not_there_is_the_systems_error(client, file, tmp_path):
    with pytest.raises(FileNotFoundError):
        await save(client, file, tmp_path / "nowhere" / "out")


async def test_a_full_disk_leaves_nothing(client, file, tmp_path, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("coredata_async.transfer.downloads.os.fsync", full)

    with pytest.raises(OSError, match="No space left"):
        await save(client, file, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


async def test_resume_keeps_what_has_come_and_goes_on_from_there(client, box, file, tmp_path):
    box.faults.stall("storage.get", 200_000)

    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=True)

    (part,) = tmp_path.iterdir()
    assert part.read_bytes() == DATA[:200_000]

    await save(once(client), file, tmp_path / "out", resume=True)
    assert (tmp_path / "out").read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert box.state.requests[-1].headers["range"] == "bytes=200000-"


async def test_resume_keeps_what_has_come_when_the_service_fails(client, box, file, tmp_path):
    box.faults.stall("storage.get", 200_000)
    box.faults.status("files.content", 500, times=None, after=1)
    patient = client.with_options(timeouts=Timeouts(response=0.15, stall=0.15))

    with pytest.raises(ServerError):
        await save(patient, file, tmp_path / "out", resume=True)

    (part,) = tmp_path.iterdir()
    assert part.stat().st_size == 200_000


async def test_resume_keeps_what_has_come_when_cancelled(client, box, file, tmp_path):
    box.faults.stall("storage.get", 200_000)
    task = asyncio.create_task(save(client, file, tmp_path / "out", resume=True))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task})

    (part,) = tmp_path.iterdir()
    assert DATA.startswith(part.read_bytes())
    await save(client, file, tmp_path / "out", resume=True)
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize("resume", [False, True])
async def test_without_resume_nothing_is_kept_and_nothing_taken_up(client, box, file, tmp_path, resume):
    box.faults.stall("storage.get", 200_000)
    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=resume)

    await save(once(client), file, tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == DATA
    assert box.state.requests[-1].headers.get("range") is None


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("size", [1000, 200_000, 500_000, 900_000])
async def test_resume_never_mixes_two_versions(client, box, file, tmp_path, *, verify, size):
    box.faults.stall("storage.get", 200_000)
    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=True, verify=verify)
    await client.files.replace(file, some_bytes(size, seed=2))

    await save(once(client), file, tmp_path / "out", resume=True, verify=verify)

    assert (tmp_path / "out").read_bytes() == some_bytes(size, seed=2)


async def test_resume_never_mixes_two_parts(client, box, file, tmp_path):
    box.faults.stall("storage.get", 1000)
    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=True, length=5000)

    await save(once(client), file, tmp_path / "out", resume=True, offset=7000, length=5000)

    assert (tmp_path / "out").read_bytes() == DATA[7000:12000]


async def test_resume_of_a_wrong_beginning_is_noticed_and_mended(client, box, file, tmp_path):
    box.faults.corrupt("storage.get", 10)
    box.faults.stall("storage.get", 200_000)
    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=True)
    with pytest.raises(ChecksumMismatchError):
        await save(once(client), file, tmp_path / "out", resume=True)

    await save(once(client), file, tmp_path / "out", resume=True)

    assert (tmp_path / "out").read_bytes() == DATA


async def test_resume_of_a_part_that_is_complete(client, box, file, tmp_path, monkeypatch):
    def broken(number):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("coredata_async.transfer.downloads.os.fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            await save(client, file, tmp_path / "out", resume=True)

    await save(client, file, tmp_path / "out", resume=True)
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize("again", ["read", "save", "iterate"])
async def test_it_can_be_used_once(client, file, tmp_path, again):
    async with client.files.download(file) as body:
        await body.read()
        with pytest.raises(CoreDataError, match="once"):
            await use(body, again, tmp_path)


@pytest.mark.parametrize("again", ["read", "save", "iterate"])
async def test_before_it_is_opened_it_says_how_to(client, file, tmp_path, again):
    body = client.files.download(file)

    with pytest.raises(CoreDataError, match="async with"):
        await use(body, again, tmp_path)
    with pytest.raises(CoreDataError, match="async with"):
        _ = body.size


@pytest.mark.parametrize("again", ["read", "save", "iterate"])
async def test_after_it_is_closed_nothing_is_fetched(client, box, file, tmp_path, again):
    async with client.files.download(file) as body:
        pass
    before = box.state.count("storage.get")

    with pytest.raises(CoreDataError, match="once"):
        await use(body, again, tmp_path)

    assert box.state.count("storage.get") == before
    assert body.size == len(DATA)


async def use(body, how, tmp_path):
    match how:
        case "read":
            await body.read()
        case "save":
            await body.save(tmp_path / "out")
        case _:
            async for _ in body:
                pass


async def test_one_may_stop_half_way(client, file):
    async with client.files.download(file) as body:
        async for _ in body:
            break

    async with client.files.download(file) as body:  # and the connection is not confused
        assert await body.read() == DATA


async def test_many_at_once(client, box, file, tmp_path):
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(save(client, file, tmp_path / str(number)))

    assert all(path.read_bytes() == DATA for path in tmp_path.iterdir())


async def test_a_missing_file_leaves_no_trace(client, tmp_path):
    with pytest.raises(NotFoundError):
        await save(client, "2bb7fb5e-8ef6-11e6-89e1-87ce876944be", tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


async def test_cancelled_before_it_begins_it_leaves_no_trace(client, file, tmp_path):
    assert not await cancelled_at(0, lambda: save(client, file, tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
