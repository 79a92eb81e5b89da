"""The spool: every pass yields the same bytes, wherever earlier passes stopped, and leaves nothing behind."""

import asyncio
import errno
import logging
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import IO, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.storage import spool as spooling
from coredata_async.storage.spool import MEMORY, Spool, SpoolMode, is_spooled

from .leaks import cancelled_after, everything, left_in, nothing_left


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class Source:
    """An async generator that can be opened once, and counts the blocks read."""

    def __init__(self, blocks: Sequence[bytes], failure: BaseException | None = None) -> None:
        self.left, self.failure, self.opened, self.closed = list(blocks), failure, 0, 0

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        self.opened += 1
        try:
            while self.left:
                await asyncio.sleep(0)
                yield self.left.pop(0)
            if self.failure is not None:
                raise self.failure
        finally:
            self.closed += 1


async def taken(spool: Spool, count: int) -> bytes:
    """Read at least `count` bytes in one pass, then abandon it."""
    found = b""
    async with aclosing(spool.blocks()) as blocks:
        while len(found) < count and (block := await anext(blocks, None)) is not None:
            found += block
    return found


@settings(deadline=None)
@given(
    blocks=st.lists(st.binary(max_size=40), max_size=12),
    stops=st.lists(st.integers(0, 300), max_size=4),
    memory=st.integers(0, 100),
    steps=st.integers(0, 8),
)
def test_every_pass_gives_the_same_bytes(
    blocks: list[bytes], stops: list[int], memory: int, steps: int
) -> None:
    whole = b"".join(blocks)

    async def check() -> None:
        source = Source(blocks)
        async with Spool(source, "the source") as spool:
            for stop in stops:
                assert whole.startswith(await taken(spool, stop))
                await cancelled_after(steps, everything(spool.blocks()))
            assert await everything(spool.blocks()) == whole
            assert await everything(spool.blocks()) == whole
            assert spool.size == len(whole)
        assert (source.opened, source.closed) == (1, 1)

    with pytest.MonkeyPatch.context() as patch, nothing_left():
        patch.setattr(spooling, "MEMORY", memory)
        asyncio.run(check())


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9])
async def test_up_to_the_limit_everything_is_in_memory(count: int, folder: Path) -> None:
    block = bytes(range(256)) * (MEMORY // 1024)
    with nothing_left():
        async with Spool(Source([block] * count), "it") as spool:
            held = await spool.fill()
            assert (held is None) == (count > 4)
            assert held in (None, block * count)
            assert await everything(spool.blocks()) == block * count
            assert left_in(folder) == []  # the file has no name
    assert left_in(folder) == []


async def test_a_pass_reads_no_further_ahead_than_one_block() -> None:
    source = Source([b"a", b"b", b"c", b"d"])
    async with Spool(source, "it") as spool:
        assert await taken(spool, 2) == b"ab"
        await asyncio.sleep(0.01)
        assert source.left == [b"c", b"d"]


async def test_a_source_that_is_not_wanted_is_not_opened() -> None:
    source = Source([b"a"])
    async with Spool(source, "it"):
        pass

    assert source.opened == 0


async def test_the_failure_of_a_source_is_raised_by_every_pass_that_gets_as_far() -> None:
    with nothing_left():
        async with Spool(Source([b"x" * (MEMORY + 1), b"y"], ZeroDivisionError()), "it") as spool:
            assert len(await taken(spool, MEMORY + 2)) == MEMORY + 2
            for _ in range(2):
                with pytest.raises(ZeroDivisionError):
                    await everything(spool.blocks())


async def test_a_source_that_ends_by_a_cancellation_of_its_own_is_not_complete() -> None:
    async with Spool(Source([b"x"], asyncio.CancelledError()), "it") as spool:
        with pytest.raises(SourceError, match="reading it was cancelled"):
            await everything(spool.blocks())


class Full:
    """A file on a nearly full disk."""

    def __init__(self, room: int, file: IO[bytes]) -> None:
        self.room, self.file = room, file
        self.seek, self.read, self.close = file.seek, file.read, file.close

    def write(self, data: bytes) -> int:
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return self.file.write(data[:7])  # the rest is written by further calls


@pytest.mark.parametrize("room", [0, 3 * MEMORY])
async def test_a_full_disk_is_an_error_of_the_source(
    room: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: Full(room, really(**options)))
    monkeypatch.setattr(spooling, "MEMORY", 100)
    source = Source([b"x" * 101, b"y" * (4 * MEMORY)])

    with nothing_left(), pytest.raises(SourceError, match=r"it cannot be spooled.*No space left.*TMPDIR"):
        async with Spool(source, "it") as spool:
            await spool.fill()

    assert (source.closed, left_in(folder)) == (1, [])


async def test_a_missing_temporary_directory_is_an_error_of_the_source(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))

    with pytest.raises(SourceError, match="No such file or directory"):
        async with Spool(Source([b"x" * (MEMORY + 1)]), "it") as spool:
            await spool.fill()


@pytest.mark.parametrize("steps", range(0, 40, 2))
async def test_a_cancellation_leaves_no_file_task_or_source(
    steps: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "MEMORY", 2)
    source = Source([b"abc"] * 9)

    async def work() -> None:
        async with Spool(source, "it") as spool:
            await everything(spool.blocks())
            await everything(spool.blocks())

    tasks = asyncio.all_tasks()
    with nothing_left():
        await cancelled_after(steps, work())

    assert (source.opened - source.closed, left_in(folder)) == (0, [])
    assert asyncio.all_tasks() == tasks


GIB = 1 << 30


@pytest.mark.parametrize(
    ("mode", "size", "replayable", "expected"),
    [
        ("auto", None, False, True),
        ("auto", None, True, True),
        ("auto", 5, False, True),
        ("auto", 5, True, False),
        ("auto", GIB // 2, False, True),
        ("auto", GIB // 2 + 1, False, False),
        (True, GIB, False, True),
        (True, 5, True, True),
        (True, None, True, True),
        (False, 5, False, False),
        (False, 5, True, False),
    ],
)
def test_streams_are_spooled_by_these_rules(
    *, mode: SpoolMode, size: int | None, replayable: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int = GIB

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage())

    assert is_spooled(mode, size, replayable=replayable, name="it") == expected


def test_a_stream_that_would_fill_the_disk_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert not is_spooled("auto", 1 << 60, replayable=False, name="it")

    assert "it (1152921504606846976 bytes) is sent without a spool" in caplog.text
    monkeypatch.setattr(tempfile, "tempdir", "/missing")
    assert is_spooled("auto", 1 << 60, replayable=False, name="it")  # the error comes when it is opened


@pytest.mark.parametrize("mode", [None, 1.5, "yes", "AUTO"])
def test_other_modes_are_refused(mode: SpoolMode) -> None:
    with pytest.raises(ConfigurationError, match="spool must be True, False or 'auto'"):
        is_spooled(mode, 3, replayable=False, name="it")


def test_a_stream_of_unknown_size_cannot_go_without() -> None:
    with pytest.raises(ConfigurationError, match="it: pass size= with spool=False"):
        is_spooled(False, None, replayable=True, name="it")
