"""Downloads: iterated, read, or saved under a name that is never incomplete."""

import asyncio
import errno
import os
import socket
import stat

import pytest

from coredata_async import (
    ChecksumMismatchError,
    CoreDataError,
    NotFoundError,
    Retry,
    ServerError,
    StorageError,
    Timeouts,
    TransferError,
)
from coredata_async.storage import atomic
from tests.rig import cancelled_at, md5, some_bytes
from tests.transfer.scripted import FILE, chunked, response

DATA = some_bytes(500_000)


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="a.bin")).file_id


def once(client):
    """Return a client that does not continue a broken or stalled download."""
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

    monkeypatch.setattr("coredata_async.storage.atomic.os.fsync", full)

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


async def test_resume_of_a_wrong_beginning_is_noticed_and_corrected(client, box, file, tmp_path):
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
        patch.setattr("coredata_async.storage.atomic.os.fsync", broken)
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


def parts(folder):
    return [each for each in folder.iterdir() if each.name.endswith(".part")]


@pytest.fixture
def appear(box, file, monkeypatch):
    """Run an action when the bytes are complete, before the file is renamed."""

    def at_the_end(act):
        fsync = os.fsync

        def wrapped(number):
            fsync(number)
            act()

        monkeypatch.setattr("coredata_async.storage.atomic.os.fsync", wrapped)

    return at_the_end


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
async def test_the_mode_of_the_replaced_file_is_kept(client, file, tmp_path, mode):
    path = tmp_path / "out"
    path.write_bytes(b"before")
    path.chmod(mode)

    await save(client, file, path)

    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == DATA


async def test_a_new_file_has_the_usual_mode(client, file, tmp_path):
    (tmp_path / "usual").touch()

    path = await save(client, file, tmp_path / "out")

    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


async def test_while_it_comes_it_is_not_more_readable_than_what_it_replaces(client, file, tmp_path, appear):
    path = tmp_path / "out"
    path.write_bytes(b"secret")
    path.chmod(0o600)
    modes = []
    appear(lambda: modes.extend(stat.S_IMODE(each.stat().st_mode) for each in parts(tmp_path)))

    await save(client, file, path)

    assert modes == [0o600]


async def test_a_link_is_replaced_and_not_followed(client, file, tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "out").symlink_to(tmp_path / "victim")

    await save(client, file, tmp_path / "out")

    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"victim"


@pytest.mark.parametrize("overwrite", [None, True, False])
@pytest.mark.parametrize(
    "kind", ["directory", "link to a directory", "pipe", "link to a pipe", "socket", "slash"]
)
async def test_what_is_not_a_file_is_refused_before_a_byte_is_read(
    client, file, tmp_path, monkeypatch, *, kind, overwrite
):
    path = tmp_path / "out"
    match kind:
        case "directory":
            path.mkdir()
        case "link to a directory":
            path.symlink_to(tmp_path)
        case "pipe":
            os.mkfifo(path)
        case "link to a pipe":
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
        case "socket":
            monkeypatch.chdir(tmp_path)  # the whole path may be too long for a socket
            with socket.socket(socket.AF_UNIX) as server:
                server.bind("out")
    before = path.lstat().st_ino if kind != "slash" else None

    async with client.files.download(file) as body:
        with pytest.raises(TransferError, match="cannot save to"):
            await body.save(f"{path}/" if kind == "slash" else path, overwrite=overwrite)
        assert await body.read() == DATA  # nothing of it was used

    assert (path.lstat().st_ino if kind != "slash" else None) == before
    assert parts(tmp_path) == []


@pytest.mark.parametrize("resume", [True, False])
async def test_a_file_that_appears_meanwhile_is_not_replaced(client, file, tmp_path, appear, resume):
    path = tmp_path / "out"
    appear(lambda: path.write_bytes(b"precious"))

    with pytest.raises(TransferError, match="exists and was not overwritten"):
        await save(client, file, path, resume=resume)

    assert path.read_bytes() == b"precious"
    assert len(parts(tmp_path)) == resume
    async with client.files.download(file) as body:
        await body.save(path, resume=resume, overwrite=True)
    assert path.read_bytes() == DATA
    assert parts(tmp_path) == []


async def test_a_file_that_appears_meanwhile_with_the_same_bytes_is_fine(client, file, tmp_path, appear):
    path = tmp_path / "out"
    appear(lambda: path.write_bytes(DATA))

    assert await save(client, file, path) == path
    assert list(tmp_path.iterdir()) == [path]


async def test_a_link_to_nowhere_that_appears_meanwhile_is_not_replaced(client, file, tmp_path, appear):
    appear(lambda: (tmp_path / "out").symlink_to("/not/there"))

    with pytest.raises(TransferError, match="exists"):
        await save(client, file, tmp_path / "out")

    assert (tmp_path / "out").is_symlink()


async def test_a_directory_that_appears_meanwhile_is_not_replaced(client, file, tmp_path, appear):
    appear((tmp_path / "out").mkdir)

    with pytest.raises(TransferError, match="directory"):
        await save(client, file, tmp_path / "out")

    assert parts(tmp_path) == []


async def test_overwrite_says_what_happens_to_files_that_exist(client, file, tmp_path, appear):
    path = tmp_path / "out"
    path.write_bytes(b"mine")

    async with client.files.download(file) as body:
        with pytest.raises(TransferError, match="overwrite=True"):
            await body.save(path, overwrite=False)
        appear(lambda: path.write_bytes(b"newer"))
        await body.save(path, overwrite=True)

    assert path.read_bytes() == DATA


@pytest.mark.parametrize("links", [True, False])
async def test_without_hard_links_a_new_file_is_claimed_first(
    client, file, tmp_path, monkeypatch, appear, *, links
):
    def refuse(*_args):
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr("coredata_async.storage.atomic.os.link", refuse)

    assert (await save(client, file, tmp_path / "out")).read_bytes() == DATA
    appear(lambda: (tmp_path / "other").write_bytes(b"precious"))
    with pytest.raises(TransferError, match="exists"):
        await save(client, file, tmp_path / "other")


async def test_two_that_resume_one_file_exclude_each_other(client, box, file, tmp_path):
    box.faults.slow("storage.get", 2_000_000)
    path = tmp_path / "out"

    outcomes = await asyncio.wait_for(both(save(client, file, path, resume=True) for _ in range(2)), 20)

    assert sum(isinstance(each, TransferError) for each in outcomes) == 1
    assert next(str(each) for each in outcomes if isinstance(each, TransferError)).count("another task") == 1
    assert path.read_bytes() == DATA
    assert parts(tmp_path) == []


async def test_two_that_save_one_file_both_succeed(client, file, tmp_path):
    assert await both(save(client, file, tmp_path / "out") for _ in range(2)) == [tmp_path / "out"] * 2
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


async def both(tries):
    async def caught(one):
        try:
            return await one
        except CoreDataError as exc:
            return exc

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(caught(each)) for each in tries]
    return [task.result() for task in tasks]


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "link to nowhere"])
async def test_what_was_planted_under_the_name_of_a_part_is_not_written_to(client, box, file, tmp_path, kind):
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(DATA[:100])
    box.faults.stall("storage.get", 200_000)
    with pytest.raises(StorageError):
        await save(once(client), file, folder / "out", resume=True)
    (part,) = parts(folder)
    part.unlink()
    match kind:
        case "link":
            part.symlink_to(victim)
        case "hard link":
            part.hardlink_to(victim)
        case "pipe":
            os.mkfifo(part)
        case _:
            part.symlink_to(tmp_path / "nowhere")

    await save(client, file, folder / "out", resume=True)

    assert (folder / "out").read_bytes() == DATA
    assert not (folder / "out").is_symlink()
    assert victim.read_bytes() == DATA[:100]
    assert not (tmp_path / "nowhere").exists()
    assert parts(folder) == []


async def test_a_part_that_was_published_meanwhile_is_not_continued(client, file, tmp_path, monkeypatch):
    """The other download renames it between opening and locking."""
    lock = atomic._lock

    def late(file):
        monkeypatch.setattr(atomic, "_lock", lock)
        (part,) = parts(tmp_path)
        part.rename(tmp_path / "theirs")
        return True

    monkeypatch.setattr(atomic, "_lock", late)

    await save(client, file, tmp_path / "out", resume=True)

    assert (tmp_path / "theirs").read_bytes() == b""
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize("length", [None, 4])
async def test_a_complete_part_is_published_without_reading_a_byte(scripted, tmp_path, monkeypatch, length):
    def broken(number):
        raise OSError(errno.EIO, "Input/output error")

    scripted.file["digest"] = md5(b"0123")
    scripted.say(response(200, b"0123", ETag='"tag"'), response(200, b"", length=4, ETag='"tag"'))
    with monkeypatch.context() as patch:
        patch.setattr("coredata_async.storage.atomic.os.fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            await save(scripted.client, FILE, tmp_path / "out", resume=True, length=length)

    await save(scripted.client, FILE, tmp_path / "out", resume=True, length=length)

    assert (tmp_path / "out").read_bytes() == b"0123"
    assert len(scripted.asked) == 2


async def test_a_part_of_unknown_length_is_continued_by_range(scripted, tmp_path):
    scripted.file["digest"] = md5(b"0123")
    scripted.say(chunked(200, b"01", ends=False))
    with pytest.raises(StorageError):
        await save(once(scripted.client), FILE, tmp_path / "out", resume=True)
    kept = sum(each.stat().st_size for each in parts(tmp_path))  # aiohttp may lose what came last
    scripted.storage.clear()

    def respond(first):
        return (
            response(206, b"0123"[first:], Content_Range=f"bytes {first}-3/4")
            if first
            else chunked(200, b"0123")
        )

    scripted.say(respond)
    await save(scripted.client, FILE, tmp_path / "out", resume=True)

    assert (tmp_path / "out").read_bytes() == b"0123"
    assert scripted.ranges[-1] == (f"bytes={kept}-" if kept else None)


async def test_an_empty_part_is_not_kept(client, box, file, tmp_path):
    box.faults.stall("storage.get", 0)

    with pytest.raises(StorageError):
        await save(once(client), file, tmp_path / "out", resume=True)

    assert parts(tmp_path) == []


async def put(client, box, data=b"data", *, filename="a.txt", name=None):
    """Create a File with a name that no upload would accept."""
    file = (await client.files.upload(data, parent=box.project, filename=filename)).file_id
    if name is not None:
        box.state.documents[file].fields["filename"] = name
    return file


async def save_into(client, file, folder, **options):
    async with client.files.download(file) as body:
        return await body.save_into(folder, **options)


@pytest.mark.parametrize("resume", [False, True])
async def test_it_is_saved_into_a_directory_under_its_own_name(client, box, tmp_path, resume):
    file = await put(client, box, filename="Ársreikningur 2024.pdf")

    path = await save_into(client, file, tmp_path / "new" / "folder", resume=resume)

    assert path == tmp_path / "new" / "folder" / "Ársreikningur 2024.pdf"
    assert path.read_bytes() == b"data"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "/etc/up",
        "..",
        ".",
        "",
        "a/../../up",
        "..\\up",
        "C:\\up",
        "nul",
        "a\x00b",
        "x" * 400,
        "\u202e",
    ],
)
async def test_it_is_saved_inside_the_directory_whatever_its_name(client, box, tmp_path, name):
    folder = tmp_path / "sub" / "folder"
    file = await put(client, box, name=name)

    path = await save_into(client, file, folder)

    assert path.parent == folder
    assert path.read_bytes() == b"data"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


async def test_without_a_name_from_the_storage_the_files_own_is_used(scripted, tmp_path):
    scripted.file["filename"] = "../b.txt"
    scripted.say(response(200, b"data"))

    async with scripted.client.files.download(FILE, verify=False) as body:
        assert await body.save_into(tmp_path / "folder") == tmp_path / "folder" / ".._b.txt"


async def test_names_of_other_files_get_a_number(client, box, tmp_path):
    files = [
        await put(client, box, b"1", filename="a.txt"),
        await put(client, box, b"2", filename="a.txt"),
        await put(client, box, b"3", filename="A.TXT"),
        await put(client, box, b"1", filename="a.txt"),
    ]
    names = ["a.txt", "a (2).txt", "A (3).TXT", "a (4).txt"]

    assert [(await save_into(client, each, tmp_path)).name for each in files] == names
    assert [(tmp_path / each).read_bytes() for each in names] == [b"1", b"2", b"3", b"1"]
    assert [(await save_into(client, each, tmp_path)).name for each in files] == names


async def test_what_is_there_already_is_not_transferred_again(client, box, file, tmp_path):
    await save_into(client, file, tmp_path)
    async with box.client() as another, another.files.download(file) as body:
        body._content = None
        assert await body.save_into(tmp_path) == tmp_path / "a.bin"


async def test_a_name_that_is_taken_meanwhile_gets_a_number(client, file, tmp_path, appear):
    appear(lambda: (tmp_path / "a.bin").write_bytes(b"precious"))

    assert await save_into(client, file, tmp_path) == tmp_path / "a (2).bin"
    assert (tmp_path / "a.bin").read_bytes() == b"precious"
    assert parts(tmp_path) == []


async def test_many_of_one_name_at_once(client, box, tmp_path):
    files = [await put(client, box, bytes([number])) for number in range(8)]

    paths = await both(save_into(client, each, tmp_path) for each in files)

    assert len(set(paths)) == 8
    assert [path.read_bytes() for path in paths] == [bytes([number]) for number in range(8)]


async def test_saving_into_a_directory_is_resumed(client, box, file, tmp_path):
    box.faults.stall("storage.get", 200_000)
    with pytest.raises(StorageError):
        await save_into(once(client), file, tmp_path, resume=True)

    path = await save_into(client, file, tmp_path, resume=True)

    assert path.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [path]
    assert box.state.requests[-1].headers["range"] == "bytes=200000-"


async def test_a_file_in_the_place_of_the_directory_is_the_systems_error(client, file, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        await save_into(client, file, tmp_path / "file")
