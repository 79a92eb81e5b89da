"""Uploads: every kind of source, both ways, compared with the stored bytes."""

import array
import asyncio
import io
import os
import tempfile

import aiofiles
import psutil
import pytest

from coredata_async import (
    BadRequestError,
    ChecksumMismatchError,
    ConfigurationError,
    RegistrationUncertainError,
    SourceChangedError,
    SourceError,
    SourceNotReplayableError,
    Upload,
)
from tests.rig import Leftovers, md5, once, some_bytes, the_only_content

WAYS = pytest.mark.parametrize("via", ["storage", "api"])
SIZES = [
    0,
    1,
    64 * 1024 - 1,
    64 * 1024,
    64 * 1024 + 1,
    (1 << 20) - 1,
    1 << 20,
    (1 << 20) + 1,
    5 * (1 << 20) + 3,
]


def plain(data):
    """Yield uneven pieces."""
    for start in range(0, len(data), 77_777):
        yield data[start : start + 77_777]


async def pieces(data):
    for piece in plain(data):
        yield piece


class Again:
    """An async iterable that can be read any number of times."""

    def __init__(self, data):
        self.data = data

    def __aiter__(self):
        return pieces(self.data)


SOURCES = {
    "bytes": lambda data, path: data,
    "bytearray": lambda data, path: bytearray(data),
    "memoryview": lambda data, path: memoryview(data),
    "array": lambda data, path: memoryview(array.array("H", data[: len(data) // 2 * 2])),
    "path": lambda data, path: path,
    "str": lambda data, path: str(path),
    "in memory": lambda data, path: io.BytesIO(data),
    "raw": lambda data, path: path.open("rb", buffering=0),
    "buffered": lambda data, path: path.open("rb"),
    "list": lambda data, path: list(plain(data)),
    "generator": lambda data, path: plain(data),
    "async generator": lambda data, path: pieces(data),
    "async iterable": lambda data, path: Again(data),
    "callable": lambda data, path: lambda: pieces(data),
}


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("size", [10, 300_000, 2_500_000])
@pytest.mark.parametrize("kind", SOURCES)
async def test_every_kind_of_source_arrives(client, box, tmp_path, *, kind, size, via):
    data = some_bytes(size)
    path = tmp_path / "source.bin"
    path.write_bytes(data)
    source = SOURCES[kind](data, path)

    up = await client.files.upload(source, parent=box.project, filename="x.bin", via=via)

    assert (up.size, up.digest, up.verified) == (size, md5(data), True)
    assert (up.blob_name is None) == (via == "api")
    assert await the_only_content(box) == data
    if isinstance(source, io.IOBase):
        assert not source.closed
        source.close()


@WAYS
async def test_an_aiofiles_handle_arrives(client, box, tmp_path, via):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(200_000))

    async with aiofiles.open(path, "rb") as source:
        up = await client.files.upload(source, parent=box.project, via=via)

    assert up.filename == "a.bin"
    assert await the_only_content(box) == some_bytes(200_000)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["bytes", "path", "async generator"])
async def test_the_digest_is_right_at_every_edge(client, box, tmp_path, *, kind, size, via):
    data = some_bytes(size)
    path = tmp_path / "source.bin"
    path.write_bytes(data)

    up = await client.files.upload(SOURCES[kind](data, path), parent=box.project, filename="x", via=via)

    (file,) = box.state.files
    assert up.digest == md5(data) == file.fields["digest"]
    assert up.size == size == file.fields["size"]


@WAYS
@pytest.mark.parametrize("kind", ["generator", "async generator", "async iterable", "callable", "list"])
async def test_without_a_spool_nothing_is_written(client, box, tmp_path, *, kind, via, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: pytest.fail("spooled"))
    data = some_bytes(2_500_000)

    await client.files.upload(
        SOURCES[kind](data, tmp_path),
        size=len(data),
        spool=False,
        parent=box.project,
        filename="x",
        via=via,
    )

    assert await the_only_content(box) == data


async def test_an_open_file_is_sent_from_its_position_and_keeps_it(client, box, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    with path.open("rb") as source:
        source.seek(4)
        await client.files.upload(source, parent=box.project)

        assert source.tell() == 4
    assert await the_only_content(box) == b"456789"


async def test_a_pipe_is_spooled(client, box):
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe")
    os.close(writing)

    with os.fdopen(reading, "rb") as source:
        await client.files.upload(source, parent=box.project, filename="p")

    assert await the_only_content(box) == b"from a pipe"


@pytest.mark.parametrize(
    ("filename", "given", "declared"),
    [
        ("a.pdf", None, "application/pdf"),
        ("a.PDF", None, "application/pdf"),
        ("a", None, "application/octet-stream"),
        ("a.unheard-of", None, "application/octet-stream"),
        ("a.pdf", "text/x-odd; charset=utf-8", "text/x-odd; charset=utf-8"),
    ],
)
async def test_the_content_type_is_declared_and_sent_alike(client, box, filename, given, declared):
    await client.files.upload(b"x", parent=box.project, filename=filename, content_type=given)

    (reserved,) = box.state.reserved.values()
    (put,) = [seen for seen in box.state.requests if seen.operation == "storage.put"]
    assert reserved.content_type == declared
    assert put.headers["content-type"] == declared


@WAYS
@pytest.mark.parametrize(
    ("filename", "title"),
    [
        *(("report.pdf", "report"), ("a.tar.gz", "a.tar"), (".profile", ".profile"), ("plain", "plain")),
        *(("Ársreikningur 2026.pdf", "Ársreikningur 2026"), ('odd "name".x', 'odd "name"')),
    ],
)
async def test_the_title_defaults_to_the_name_without_its_ending(client, box, filename, title, via):
    up = await client.files.upload(b"x", parent=box.project, filename=filename, via=via)

    file = await client.files.get(up.file_id)
    assert (file.filename, file.title, up.filename) == (filename, title, filename)


async def test_a_path_brings_its_name_along(client, box, tmp_path):
    path = tmp_path / "minutes.txt"
    path.write_bytes(b"x")

    up = await client.files.upload(path, parent=box.project, title="Minutes of May")

    file = await client.files.get(up.file_id)
    assert (file.filename, file.title, file.mime_type) == ("minutes.txt", "Minutes of May", "text/plain")


@WAYS
async def test_dynatype_contacts_and_tags_go_along(client, box, via):
    han, luke = box.state.add_contact("Han"), box.state.add_contact("Luke")
    up = await client.files.upload(
        b"x",
        parent=box.project,
        filename="x",
        dynatype="Memo",
        contacts=[han, luke],
        tags=["one", "two words"],
        via=via,
    )

    file = await client.files.get(up.file_id)
    assert file.dynatype.title == "Memo"
    assert file.tags == ("one", "two words")
    assert [found.id async for found in client.files.list(associated_contacts_id=luke)] == [up.file_id]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "pass filename="),
        ({"filename": ""}, "pass filename="),
        ({"filename": "x", "title": " "}, "title must not be empty"),
        ({"filename": "x", "tags": ["a,b"]}, "comma"),
        ({"filename": "x", "tags": "ab"}, "list of strings"),
        ({"filename": "x", "contacts": ["c"]}, "another dynatype"),
        ({"filename": "x", "contacts": "c", "dynatype": "Memo"}, "list of strings"),
        ({"filename": "x", "via": "carrier pigeon"}, "via must be"),
        ({"filename": "x", "size": -1}, "size must be"),
        ({"filename": "x\udcff"}, "not text"),
    ],
)
async def test_what_cannot_be_done_as_written_is_refused_before_anything_is_sent(client, box, options, words):
    with pytest.raises(ConfigurationError, match=words):
        await client.files.upload(b"x", parent=box.project, **options)

    assert not box.state.requests


@pytest.mark.parametrize("parent", ["", " ", "a/b", "../x"])
async def test_a_parent_must_be_an_id(client, box, parent):
    with pytest.raises(ConfigurationError, match="parent"):
        await client.files.upload(b"x", parent=parent, filename="x")


async def test_an_upload_without_a_parent_says_so(client):
    with pytest.raises(ConfigurationError, match="parent="):
        Upload(source=b"", filename="x").new()


async def test_an_unknown_parent_is_refused_by_the_server(client, box):
    with pytest.raises(BadRequestError, match="parent"):
        await client.files.upload(b"x", parent="0" * 32, filename="x")

    assert not box.state.files


async def test_the_etag_spares_the_look_at_the_file(client, box):
    up = await client.files.upload(b"x", parent=box.project, filename="x")

    assert up.verified
    assert box.state.count("files.get") == 0


@pytest.fixture
def opaque(monkeypatch):
    """A storage whose ETags are not digests."""
    monkeypatch.setattr("coredata_async.sandbox.object_store._etag", lambda blob, call: '"opaque-1"')


@pytest.mark.usefixtures("opaque")
async def test_without_an_etag_the_files_own_digest_is_compared(client, box):
    up = await client.files.upload(b"x", parent=box.project, filename="x")

    assert up.verified
    assert box.state.count("files.get") == 1


@pytest.mark.usefixtures("opaque")
async def test_verify_false_sends_nothing_more(client, box):
    up = await client.files.upload(b"x", parent=box.project, filename="x", verify=False)

    assert not up.verified
    assert box.state.count("files.get") == 0


@pytest.mark.usefixtures("opaque")
async def test_a_file_of_other_bytes_is_a_mismatch_that_names_it(client, box):
    box.faults.wrong_digest("files.get")

    with pytest.raises(ChecksumMismatchError) as caught:
        await client.files.upload(b"x", parent=box.project, filename="x")

    assert caught.value.stage == "register"
    assert box.state.files[0].id in str(caught.value)


@WAYS
@pytest.mark.usefixtures("opaque")
@pytest.mark.parametrize("status", [404, 500])
async def test_a_file_that_cannot_be_read_back_is_uploaded_all_the_same(client, box, status, via):
    """A caller that took this for a failure would upload the source a second time."""
    box.faults.status("files.get", status, times=None)

    up = await client.files.upload(b"x", parent=box.project, filename="x", via=via)

    assert [file.id for file in box.state.files] == [up.file_id]
    assert not up.verified


@WAYS
@pytest.mark.usefixtures("opaque")
async def test_a_server_that_shows_no_digest_verifies_nothing(client, box, via):
    box.faults.hide("files.get", "digest", null=True)

    up = await client.files.upload(b"x", parent=box.project, filename="x", via=via)

    assert not up.verified


async def test_through_the_api_other_bytes_are_a_mismatch(client, box):
    box.faults.corrupt("files.create", 1)

    with pytest.raises(ChecksumMismatchError):
        await client.files.upload(b"abc", parent=box.project, filename="x", via="api")


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
async def test_through_the_api_a_lost_answer_stays_open(client, box, fault):
    getattr(box.faults, fault)("files.create")

    with pytest.raises(RegistrationUncertainError, match="via='storage'") as caught:
        await client.files.upload(b"abc", parent=box.project, filename="x", via="api")

    assert caught.value.blob_name is None
    assert box.state.count("files.create") == 1


async def test_through_the_api_it_is_one_request(client, box):
    await client.files.upload(b"abc", parent=box.project, filename="x", via="api", verify=False)

    assert dict(box.state.counts) == {"files.create": 1}


@pytest.mark.parametrize("source", [b"", b"--boundary\r\n", b"\r\n--", some_bytes(100_000)])
async def test_through_the_api_no_bytes_can_look_like_the_end_of_the_form(client, box, source):
    await client.files.upload(source, parent=box.project, filename="x", via="api")

    assert await the_only_content(box) == source


async def changing(path, change):
    """Read a large file, and let it change meanwhile."""
    data = path.read_bytes()
    handed = 0

    async def progress(report):
        nonlocal handed
        if report.stage == "put" and report.sent and not handed:
            handed = 1
            change(path, data)

    return progress


@WAYS
@pytest.mark.parametrize(
    "change",
    [
        lambda path, data: path.write_bytes(data + b"more"),
        lambda path, data: path.write_bytes(data[: len(data) // 2]),
        lambda path, data: path.write_bytes(data[::-1]),
        lambda path, data: os.utime(path, (1, 1)),
    ],
    ids=["grows", "shrinks", "changes", "is touched"],
)
async def test_a_file_that_changes_while_it_is_read_is_not_registered(client, box, tmp_path, change, via):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(6_000_000))

    with pytest.raises(SourceChangedError, match="changed while it was read"):
        await client.files.upload(path, parent=box.project, via=via, progress=await changing(path, change))

    assert not box.state.files


@WAYS
@pytest.mark.parametrize("size", [2, 4])
async def test_an_iterable_of_another_length_is_not_registered(client, box, size, via):
    with pytest.raises(SourceError, match=f"yielded 3 bytes, but size={size} was given") as caught:
        await client.files.upload(once(b"a", b"bc"), size=size, parent=box.project, filename="x", via=via)

    assert not isinstance(caught.value, SourceChangedError)

    assert not box.state.files


@WAYS
@pytest.mark.parametrize("size", [3, 300_000])
async def test_a_source_may_take_its_time_to_end(client, box, size, via):
    """The storage would have answered by then if the last block were not held back."""

    async def slow():
        yield some_bytes(size)
        await asyncio.sleep(0.05)

    up = await client.files.upload(slow(), size=size, parent=box.project, filename="x", via=via)

    assert (up.digest, up.verified) == (md5(some_bytes(size)), True)


@WAYS
async def test_a_replacement_may_take_its_time_to_end(client, box, via):
    async def slow():
        yield b"new"
        await asyncio.sleep(0.05)

    up = await client.files.upload(b"old", parent=box.project, filename="x")
    done = await client.files.replace(up.file_id, slow(), size=3, via=via)

    assert (done.digest, done.verified) == (md5(b"new"), True)


@pytest.mark.parametrize("size", [1, 4])
async def test_bytes_and_paths_know_their_size_better(client, box, tmp_path, size):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    for source in (b"abc", path):
        with pytest.raises(SourceError, match="size="):
            await client.files.upload(source, size=size, parent=box.project, filename="x")


async def test_a_one_shot_source_with_a_storage_fault_says_what_to_pass(client, box):
    box.faults.status("storage.put", 503)

    with pytest.raises(SourceNotReplayableError, match=r"503.*callable"):
        await client.files.upload(once(b"abc"), size=3, spool=False, parent=box.project, filename="x")

    assert not box.state.files


@pytest.mark.parametrize(
    "kind", ["path", "buffered", "async iterable", "callable", "list", "async generator"]
)
async def test_what_can_be_read_again_is_sent_again(client, box, tmp_path, kind):
    data = some_bytes(2_500_000)
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    box.faults.cut_upload("storage.put", 1_000_000)
    source = SOURCES[kind](data, path)

    await client.files.upload(source, parent=box.project, filename="x")

    assert await the_only_content(box) == data
    if isinstance(source, io.IOBase):
        source.close()


async def test_a_generator_of_text_is_refused(client, box):
    async def text():
        yield "text"

    with pytest.raises(SourceError, match="encode"):
        await client.files.upload(text(), parent=box.project, filename="x")


@pytest.mark.parametrize("size", [None, 64 << 20])
async def test_memory_stays_flat(client, box, size):
    block = some_bytes(1 << 20)

    async def much():
        for _ in range(64):
            yield block

    process = psutil.Process()
    before, most = process.memory_info().rss, 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    up = await client.files.upload(much(), size=size, parent=box.project, filename="x")
    watching.cancel()

    assert up.size == 64 << 20
    assert most - before < 40 << 20


async def test_the_spool_is_gone_afterwards(client, box, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = Leftovers()

    await client.files.upload(pieces(some_bytes(3_000_000)), parent=box.project, filename="x")

    assert "spooled" not in before.found()


def test_an_upload_never_shows_its_bytes():
    assert "secret" not in repr(Upload(source=b"secret", filename="x"))
