"""All kinds of sources are prepared; everything else is refused with a reason."""

import asyncio
import gzip
import io
import mmap
import os
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import aiofiles
import pytest

from coredata_async.errors import (
    ConfigurationError,
    SourceChangedError,
    SourceError,
    SourceNotReplayableError,
)
from coredata_async.storage import readahead, streams
from coredata_async.storage.bodies import INLINE, Streamed
from coredata_async.storage.paths import IN_MEMORY_LIMIT
from coredata_async.storage.readahead import BLOCK
from coredata_async.storage.sources import PreparedSource, Source, label, name_of, prepare
from tests.rig import md5

from .leaks import cancelled_after, everything, left_in, nothing_left

LARGE = bytes(range(256)) * (5 * BLOCK // 512) + b"end"


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(LARGE)
    return path


async def sent(got: PreparedSource) -> bytes:
    """Return the bytes that a PUT would send."""
    if isinstance(got.body, bytes):
        assert (got.size, got.md5) == (len(got.body), md5(got.body))
        return got.body
    given = await everything(got.body.chunks())
    assert got.digest == md5(given)
    assert got.size == got.body.size == len(given)
    return given


async def uploaded(source: Source, size: int | None = None) -> bytes:
    async with prepare(source, size) as got:
        return await sent(got)


async def agen(*items: object) -> AsyncGenerator[object, None]:
    for item in items:
        yield item


def gen(*items: object) -> Iterator[object]:
    yield from items


# Paths


@pytest.mark.parametrize("size", [0, 1, INLINE, INLINE + 1, IN_MEMORY_LIMIT, IN_MEMORY_LIMIT + 1, 3 * BLOCK])
async def test_a_path_gives_its_file_any_number_of_times(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(LARGE[:size].ljust(size, b"."))

    for source in (path, str(path)):
        with nothing_left():
            async with prepare(source) as got:
                assert [await sent(got) for _ in range(2)] == [path.read_bytes()] * 2


async def test_a_large_path_is_not_held_in_memory(path: Path) -> None:
    async with prepare(path) as got:
        assert isinstance(got.body, Streamed)
        assert (got.md5, got.digest, got.body.replayable) == (None, "", True)


@pytest.mark.parametrize("size", [0, len(LARGE) - 1, len(LARGE) + 1])
async def test_a_path_of_another_size_than_said_is_refused(path: Path, size: int) -> None:
    with pytest.raises(SourceChangedError, match=f"has {len(LARGE)} bytes instead of {size}: it has changed"):
        await uploaded(path, size)


async def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    for source in ("", tmp_path, tmp_path / "missing", "nothing\0here"):
        with pytest.raises(SourceError):
            await uploaded(source)


# Bytes


@pytest.mark.parametrize("size", [0, 1, INLINE, INLINE + 1, BLOCK, 2 * BLOCK + 1])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_bytes_of_every_kind_are_sent(kind: type, size: int) -> None:
    async with prepare(kind(LARGE[:size])) as got:
        assert [await sent(got) for _ in range(2)] == [LARGE[:size]] * 2


async def test_a_view_with_gaps_is_sent_as_it_reads() -> None:
    assert await uploaded(memoryview(LARGE)[::2]) == LARGE[::2]
    assert await uploaded(memoryview(b"abcd")[::-1]) == b"dcba"


async def test_a_view_of_larger_items_counts_bytes() -> None:
    view = memoryview(b"\x01\x00\x02\x00").cast("H")

    assert await uploaded(view) == b"\x01\x00\x02\x00"
    assert await uploaded(view, 4) == b"\x01\x00\x02\x00"


async def test_bytes_of_another_size_than_said_are_refused() -> None:
    with pytest.raises(SourceError, match="the source has 3 bytes, but size=4 was given"):
        await uploaded(b"abc", 4)


async def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="size must be 0 or more"):
        await uploaded(b"", -1)


# Open files


@pytest.mark.parametrize("start", [0, 7, INLINE, len(LARGE)])
async def test_an_open_file_is_sent_from_its_position_which_stays(path: Path, start: int) -> None:
    with path.open("rb") as real, path.open("rb", buffering=0) as raw, io.BytesIO(LARGE) as memory:
        for file in (real, raw, memory):
            file.seek(start)
            async with prepare(file) as got:
                assert [await sent(got) for _ in range(2)] == [LARGE[start:]] * 2
                assert file.tell() == start
            assert (file.tell(), file.closed) == (start, False)


async def test_an_open_file_that_another_task_is_sending_is_sent_after_that(path: Path) -> None:
    async def send_slowly(file: io.BufferedReader, began: asyncio.Event) -> bytes:
        async with prepare(file) as got, aclosing(got.body.chunks()) as blocks:
            data = await anext(blocks)
            began.set()
            await asyncio.sleep(0.05)
            return data + b"".join([block async for block in blocks])

    with path.open("rb") as file:
        file.seek(3)
        began = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(send_slowly(file, began))
            await began.wait()
            others = [group.create_task(uploaded(file)) for _ in range(3)]
            await asyncio.sleep(0)
            others.pop().cancel()
        assert file.tell() == 3
    assert [task.result() == LARGE[3:] for task in (first, *others)] == [True] * 3
    assert not streams._TURNS


def test_an_open_file_that_a_stopped_loop_was_reading_is_refused(path: Path) -> None:
    async def hold(file: io.BufferedReader) -> None:
        async with streams.take_turn(file):
            await asyncio.Event().wait()

    with path.open("rb") as file, asyncio.Runner() as stopped:
        loop = stopped.get_loop()
        loop.create_task(hold(file))
        loop.run_until_complete(asyncio.sleep(0))  # as after Ctrl-C in `run_until_complete`

        with pytest.raises(SourceError, match=r"another event loop.*open the file again"):
            asyncio.run(asyncio.wait_for(uploaded(file), 5))
    assert not streams._TURNS


async def test_an_open_file_may_be_twice_in_one_request(path: Path) -> None:
    with path.open("rb") as file:
        async with prepare(file) as first, prepare(file) as second:
            assert [await sent(first), await sent(second)] == [LARGE, LARGE]
    assert not streams._TURNS


async def test_an_open_file_with_a_size_gives_that_part_of_it() -> None:
    file = io.BytesIO(b"abcdef")
    file.seek(1)

    assert await uploaded(file, 3) == b"bcd"
    assert file.tell() == 1


async def test_an_open_file_that_is_too_short_is_refused() -> None:
    file = io.BytesIO(b"abc")
    file.seek(1)

    with pytest.raises(SourceError, match="a BytesIO has 2 bytes left, but size=3 was given"):
        await uploaded(file, 3)


async def test_an_open_file_that_shrinks_is_a_change(path: Path) -> None:
    with path.open("r+b") as file:
        async with prepare(file) as got:
            file.truncate(10)
            with nothing_left(), pytest.raises(SourceChangedError):
                await sent(got)


async def test_an_aiofiles_handle_is_sent_and_left_open(path: Path) -> None:
    async with aiofiles.open(path, "rb") as file:
        assert await uploaded(file) == LARGE
        await file.seek(5)
        assert await uploaded(file, len(LARGE) - 5) == LARGE[5:]
        assert not file.closed


async def test_a_pipe_is_spooled_or_streamed_once() -> None:
    for size in (None, 3):
        inlet, outlet = os.pipe()
        os.write(outlet, b"abc")
        os.close(outlet)
        with os.fdopen(inlet, "rb") as file:
            assert await uploaded(file, size) == b"abc"
            assert not file.closed


async def test_a_pipe_with_a_size_is_not_sent_twice() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    async with prepare(Pipe(b"abc"), 3, spool=False) as got:
        await sent(got)
        with pytest.raises(SourceNotReplayableError, match="a Pipe"):
            await sent(got)


async def test_anything_that_can_be_read_will_do() -> None:
    class Plain:
        def __init__(self) -> None:
            self.rest = [b"c", b"ab"]

        def read(self, size: int) -> bytes:
            return self.rest.pop() if size and self.rest else b""

    assert await uploaded(Plain()) == b"abc"
    assert await uploaded(Plain(), 3) == b"abc"


async def test_a_mapped_file_is_sent(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert await uploaded(mapped) == LARGE


async def test_a_spooled_temporary_file_is_sent() -> None:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(b"abc")
        file.seek(1)
        assert await uploaded(file) == b"bc"


async def test_text_mode_is_refused_by_name(path: Path) -> None:
    with path.open() as file, tempfile.TemporaryFile("w+") as other:
        for text in (file, other, io.StringIO("x")):
            with pytest.raises(TypeError, match=r"text mode.*'rb'"):
                await uploaded(text)
    async with aiofiles.open(path) as handle:
        for size in (None, 3):
            with pytest.raises(TypeError, match=r"text mode.*'rb'"):
                await uploaded(handle, size)


async def test_a_file_that_cannot_be_read_is_refused(path: Path) -> None:
    with path.open("ab") as file, pytest.raises(SourceError, match="cannot be read"):
        await uploaded(file)
    with pytest.raises(SourceError, match="cannot be read"):
        await uploaded(file)  # closed


# Iterables


async def test_a_list_is_sent_any_number_of_times() -> None:
    for size in (None, 3):
        async with prepare([b"a", bytearray(b"b"), b"", memoryview(b"c")], size) as got:
            assert [await sent(got) for _ in range(2)] == [b"abc"] * 2


async def test_a_generator_with_a_size_is_sent_once() -> None:
    for source in (gen(b"ab", b"c"), agen(b"ab", b"c")):
        async with prepare(source, 3, spool=False) as got:
            assert await sent(got) == b"abc"
            with pytest.raises(SourceNotReplayableError):
                await sent(got)


async def test_a_stream_that_is_spooled_is_sent_any_number_of_times() -> None:
    for source in (gen(b"ab", b"c"), agen(b"ab", b"c"), gen(LARGE, LARGE), agen(LARGE, LARGE)):
        async with prepare(source, None) as counted:
            size = counted.size
        for again in (gen, agen):
            items = (b"ab", b"c") if size == 3 else (LARGE, LARGE)
            async with prepare(again(*items), size) as got:
                assert [await sent(got) for _ in range(3)] == [b"".join(items)] * 3


class Part:
    """As aiohttp's `BodyPartReader`: a chunk may be empty before the end, and `name` is the field's."""

    name = "field"
    filename = "folder/report.pdf"

    def __init__(self, *chunks: bytes, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.chunks = list(chunks)

    def at_eof(self) -> bool:
        return not self.chunks

    async def read(self, *, decode: bool = False) -> bytes:
        raise AssertionError(f"the whole part at once: decode={decode}")

    async def read_chunk(self, size: int = 8192) -> bytes:
        assert size > 100  # longer than any boundary
        return self.chunks.pop(0) if self.chunks else b""


async def test_a_part_of_a_form_is_sent() -> None:
    for size in (None, 3):
        assert await uploaded(Part(b"", b"ab", b"", b"c"), size) == b"abc"
    assert name_of(Part()) == "report.pdf"


async def test_a_part_in_base64_is_decoded_and_other_encodings_are_refused() -> None:
    encoded = Part(b"YWJj", b"ZGVm", Content_Transfer_Encoding="BASE64")

    assert await uploaded(encoded) == b"abcdef"
    with pytest.raises(SourceError, match="Content-Transfer-Encoding 'quoted-printable'"):
        await uploaded(Part(b"a", Content_Transfer_Encoding="quoted-printable"))


async def test_an_uploaded_file_of_a_web_framework_is_rewound_instead_of_spooled() -> None:
    class UploadFile:
        """As Starlette's."""

        def __init__(self) -> None:
            self.file, self.filename = io.BytesIO(b"abcdef"), "a.txt"

        async def read(self, size: int = -1) -> bytes:
            return self.file.read(size)

    class FileField:
        """As aiohttp's, of `await request.post()`."""

        name, filename, file = "field", "a.txt", io.BytesIO(b"abcdef")

    for source in (UploadFile(), FileField()):
        source.file.seek(2)
        async with prepare(source, spool=False) as got:
            assert [await sent(got) for _ in range(2)] == [b"cdef"] * 2
        assert (name_of(source), source.file.tell()) == ("a.txt", 2)


@pytest.mark.parametrize("items", [(), (b"",), (b"ab", b"c"), (LARGE, b"x", LARGE)])
async def test_a_generator_without_a_size_is_held_and_sent_any_number_of_times(
    items: tuple[bytes, ...], spool: Path
) -> None:
    for source in (gen(*items), agen(*items)):
        with nothing_left():
            async with prepare(source) as got:
                assert [await sent(got) for _ in range(2)] == [b"".join(items)] * 2
        assert left_in(spool) == []


async def test_a_callable_is_called_for_every_pass() -> None:
    async with prepare(lambda: agen(b"ab", b"c"), 3) as got:
        assert [await sent(got) for _ in range(2)] == [b"abc"] * 2
    assert await uploaded(lambda: agen(b"ab", b"c")) == b"abc"


async def test_an_async_iterable_that_can_be_opened_again_is() -> None:
    class Opened:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return agen(b"ab", b"c")

    async with prepare(Opened(), 3) as got:
        assert [await sent(got) for _ in range(2)] == [b"abc"] * 2


@pytest.mark.parametrize("size", [2, 4])
async def test_an_iterable_of_another_size_than_declared_is_not_a_change(size: int) -> None:
    for source in (gen(b"ab", b"c"), [b"abc"], agen(b"ab", b"c"), lambda: agen(b"abc")):
        expected = f"yielded 3 bytes, but size={size} was given"
        with nothing_left(), pytest.raises(SourceError, match=expected) as caught:
            await uploaded(source, size)
        assert type(caught.value) is SourceError


async def test_a_pipe_of_another_size_than_declared_is_not_a_change() -> None:
    inlet, outlet = os.pipe()
    os.write(outlet, b"abc")
    os.close(outlet)
    with os.fdopen(inlet, "rb") as file, pytest.raises(SourceError, match="yielded 3 bytes, but size=4"):
        await uploaded(file, 4)


@pytest.mark.parametrize("size", [None, 2])
async def test_items_that_are_not_bytes_are_refused(size: int | None) -> None:
    for source in (["a", "b"], gen("a"), agen("a"), {"a": 1}, range(2), gen(b"a", None)):
        with nothing_left(), pytest.raises(SourceError, match="instead of bytes"):
            await uploaded(source, size)


@pytest.mark.parametrize("source", [7, None, 1.5, object()])
async def test_what_is_not_a_source_is_refused(source: object) -> None:
    with pytest.raises(TypeError, match=f"a {type(source).__name__} is not a source"):
        await uploaded(source)


async def test_an_error_of_the_source_is_raised_as_it_is(spool: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield LARGE
        raise ZeroDivisionError

    async def afailing() -> AsyncGenerator[bytes, None]:
        yield LARGE
        raise ZeroDivisionError

    for source in (failing(), afailing()):
        with nothing_left(), pytest.raises(ZeroDivisionError):
            await uploaded(source)
    for source in (failing(), afailing()):
        with nothing_left(), pytest.raises(ZeroDivisionError):
            await uploaded(source, 2 * len(LARGE))
    assert left_in(spool) == []


# Leftovers


@pytest.mark.parametrize("steps", range(0, 120, 4))
@pytest.mark.parametrize("kind", [gen, agen])
async def test_a_cancellation_at_any_await_leaves_nothing_behind(
    kind: object, steps: int, spool: Path
) -> None:
    with nothing_left():
        await cancelled_after(steps, uploaded(kind(*[LARGE[:BLOCK]] * 4)))

    assert left_in(spool) == []


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_cancellation_leaves_an_open_file_where_it_was(path: Path, steps: int) -> None:
    with path.open("rb") as file:
        file.seek(3)
        with nothing_left():
            await cancelled_after(steps, uploaded(file))
        assert (file.tell(), file.closed) == (3, False)


async def test_a_cancellation_while_a_file_is_measured_leaves_it_where_it_was() -> None:
    class Packed(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            place = super().seek(offset, whence)
            time.sleep(0.02 if whence else 0)
            return place

    file = Packed(b"abcdef")
    file.seek(2)
    await cancelled_after(3, uploaded(file))

    assert file.tell() == 2


async def test_a_cancellation_does_not_wait_for_a_silent_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readahead, "GRACE", 0.01)
    inlet, outlet = os.pipe()
    with os.fdopen(inlet, "rb") as file, nothing_left():
        task = asyncio.create_task(uploaded(file, 3))
        await asyncio.sleep(0.02)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=0.3)
        os.close(outlet)  # which ends the read, and the thread

    assert done == {task}


# Names


def test_a_source_brings_its_name_along(path: Path) -> None:
    with path.open("rb") as file:
        assert name_of(path) == name_of(str(path)) == name_of(file) == "report.pdf"
        assert label(file) == "report.pdf"


@pytest.mark.parametrize("source", [b"abc", io.BytesIO(b"abc"), [b"abc"], "", 7])
def test_bytes_have_no_name_and_are_never_shown(source: object) -> None:
    assert name_of(source) is None
    assert "abc" not in label(source)


def test_a_file_without_a_path_has_no_name() -> None:
    with tempfile.TemporaryFile() as file:
        assert name_of(file) is None


@pytest.mark.parametrize("size", [None, len(LARGE)], ids=["measured", "given"])
async def test_a_truncated_compressed_file_is_unreadable(tmp_path: Path, size: int | None) -> None:
    path = tmp_path / "x.gz"
    packed = gzip.compress(os.urandom(len(LARGE)))
    path.write_bytes(packed[: len(packed) // 2])
    with (
        gzip.open(path) as file,
        pytest.raises(SourceError, match=r"x\.gz cannot be read: Compressed"),
    ):
        await uploaded(file, size)


async def test_a_source_for_which_no_thread_can_be_started_may_be_read_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)

    with pytest.raises(SourceError, match="no thread can be started") as caught:
        await uploaded(path)

    assert caught.value.transient


@pytest.mark.parametrize("made", [b"x", [b"x"], None])
async def test_a_callable_that_returns_no_async_iterator_is_refused(made: object) -> None:
    async def coroutine() -> object:
        return made

    for source in (coroutine, lambda: made):
        with pytest.raises(TypeError, match=r"the callable returned a .* instead of an async iterator"):
            await uploaded(source, 1)
