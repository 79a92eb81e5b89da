"""Files on disk: read correctly, or refused with a reason, for any change meanwhile."""

import errno
import hashlib
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.storage import paths
from coredata_async.storage.bodies import INLINE
from coredata_async.storage.paths import (
    ATTEMPTS,
    IN_MEMORY_LIMIT,
    PASSING,
    Fingerprint,
    fit_signed_64,
    read_whole,
    retry_stale,
    stat_file,
    stream,
)
from coredata_async.storage.readahead import BLOCK
from tests.rig import md5

from .leaks import cancelled_after, drained, everything, nothing_left

LARGE = 3 * BLOCK + 5


def content(size: int) -> bytes:
    return (b"0123456789abcdef!" * (size // 17 + 1))[:size]


def fill(path: Path, size: int) -> None:
    path.write_bytes(content(size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    fill(path, 100)
    return path


@pytest.mark.parametrize("size", [0, 1, INLINE - 1, INLINE, INLINE + 1, IN_MEMORY_LIMIT - 1, IN_MEMORY_LIMIT])
async def test_a_small_file_is_read_whole(path: Path, size: int) -> None:
    fill(path, size)

    with nothing_left():
        held = await read_whole(path, stat_file(path))

    assert (held.data, held.md5) == (content(size), hashlib.md5(content(size)).hexdigest())


@pytest.mark.parametrize("size", [IN_MEMORY_LIMIT + 1, 2 * BLOCK, LARGE])
async def test_a_large_file_is_streamed_as_often_as_wanted(path: Path, size: int) -> None:
    fill(path, size)
    body = stream(path, stat_file(path))

    with nothing_left():
        for _ in range(2):
            assert await everything(body.chunks()) == content(size)
            assert body.md5 == md5(content(size))


async def test_a_file_that_is_not_in_the_page_cache_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cold(*_: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", cold)

    assert (await read_whole(path, stat_file(path))).data == content(100)


async def test_a_system_without_reads_from_the_cache_alone_reads_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "RWF_NOWAIT")

    assert (await read_whole(path, stat_file(path))).data == content(100)


async def test_a_cache_that_holds_half_a_file_is_not_believed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "preadv", lambda *_: 50)

    assert (await read_whole(path, stat_file(path))).data == content(100)


async def test_a_link_to_a_file_is_the_file(path: Path) -> None:
    link = path.with_name("link")
    os.symlink(path, link)  # noqa: PTH211

    assert (await read_whole(link, stat_file(link))).data == content(100)


async def test_a_name_that_is_not_utf_8_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    fill(path, IN_MEMORY_LIMIT + 1)

    assert await everything(stream(path, stat_file(path)).chunks()) == content(IN_MEMORY_LIMIT + 1)


def missing(folder: Path) -> Path:
    return folder / "missing"


def below_a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "x"


def dangling(folder: Path) -> Path:
    (folder / "link").symlink_to(folder / "missing")
    return folder / "link"


def circular(folder: Path) -> Path:
    (folder / "link").symlink_to(folder / "link")
    return folder / "link"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(folder / "s"))
    return folder / "s"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (missing, "No such file"),
        (below_a_file, "Not a directory"),
        (dangling, "No such file"),
        (circular, "symbolic links"),
        (lambda folder: folder, "is a folder"),
        (pipe, "not a regular file"),
        (listening, "not a regular file"),
        (lambda _: Path("/dev/null"), "not a regular file"),
        (lambda folder: folder / ("x" * 300), "name too long"),
        (lambda folder: folder / "a\0b", "null"),
        (lambda folder: folder / "\ud800", "surrogates"),
    ],
)
def test_what_is_not_a_readable_file_is_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[Path], Path], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = made(tmp_path)
    if path.name == "s":
        path = Path("s")

    with pytest.raises(SourceError, match=words) as caught:
        stat_file(path)

    assert (caught.value.stage, type(caught.value)) == ("source", SourceError)


def forbidden(*_: object, **__: object) -> int:
    raise PermissionError(13, "Permission denied")


async def test_a_file_that_may_not_be_read_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    was = stat_file(path)
    monkeypatch.setattr(os, "open", forbidden)  # root may read everything

    with pytest.raises(SourceError, match=r"report\.pdf cannot be read: Permission denied"):
        await read_whole(path, was)
    with pytest.raises(SourceError, match="Permission denied"):
        await everything(stream(path, was).chunks())


async def test_a_disk_that_fails_in_the_middle_is_an_error_of_the_source(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, LARGE)
    was, really = stat_file(path), os.read

    def failing(fd: int, count: int) -> bytes:
        if os.lseek(fd, 0, os.SEEK_CUR) >= BLOCK:
            raise OSError(5, "Input/output error")
        return really(fd, count)

    monkeypatch.setattr(paths.os, "read", failing)

    with nothing_left(), pytest.raises(SourceError, match=r"report\.pdf cannot be read: Input/output error"):
        await everything(stream(path, was).chunks())


async def test_a_file_that_says_it_is_empty_and_is_not_is_never_stored_as_empty() -> None:
    path = Path("/proc/self/status")

    with pytest.raises(SourceChangedError, match="0 bytes at first"):
        await read_whole(path, stat_file(path))


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"X")


def rewrite_unseen(path: Path) -> None:
    """Like editors that restore the times: ctime reveals the change."""
    seen = path.stat()
    rewrite(path)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def replace(path: Path) -> None:
    seen, other = path.stat(), path.with_name("other")
    other.write_bytes(b"Y" * seen.st_size)
    os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    other.replace(path)


CHANGES = [grow, shrink, empty, rewrite, rewrite_unseen, replace]


@pytest.mark.parametrize("size", [1, 100, INLINE + 1])
@pytest.mark.parametrize("change", CHANGES)
async def test_a_small_file_that_changed_after_the_look_is_refused(
    path: Path, change: Callable[[Path], None], size: int
) -> None:
    fill(path, size)
    was = stat_file(path)
    change(path)

    with nothing_left(), pytest.raises(SourceChangedError, match=r"report\.pdf changed"):
        await read_whole(path, was)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_large_file_that_changed_after_the_look_is_refused(
    path: Path, change: Callable[[Path], None]
) -> None:
    fill(path, LARGE)
    body = stream(path, stat_file(path))
    change(path)

    with nothing_left(), pytest.raises(SourceChangedError, match=r"report\.pdf changed"):
        await everything(body.chunks())


async def test_a_file_that_becomes_a_pipe_does_not_block_forever(path: Path) -> None:
    was = stat_file(path)
    os.unlink(path)  # noqa: PTH108
    os.mkfifo(path)

    with nothing_left(), pytest.raises(SourceChangedError):
        await read_whole(path, was)


async def test_a_file_that_vanishes_is_unreadable(path: Path) -> None:
    was = stat_file(path)
    os.unlink(path)  # noqa: PTH108

    with nothing_left(), pytest.raises(SourceError, match="No such file"):
        await read_whole(path, was)
    with nothing_left(), pytest.raises(SourceError, match="No such file"):
        await everything(stream(path, was).chunks())


@pytest.mark.parametrize("change", CHANGES)
async def test_a_file_that_changes_while_it_is_read_is_not_given_to_its_end(
    path: Path, change: Callable[[Path], None]
) -> None:
    size = 8 * BLOCK
    fill(path, size)
    body = stream(path, stat_file(path))
    given: list[bytes] = []

    with nothing_left(), pytest.raises(SourceChangedError):
        await drained(body.chunks(), given, then=partial(change, path))

    assert sum(map(len, given)) < size
    assert body.md5 is None


@pytest.mark.parametrize("change", [grow, rewrite_unseen, replace])
async def test_a_small_file_that_changes_while_it_is_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    was, really = stat_file(path), os.preadv

    def late(fd: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        count = really(fd, buffers, offset, flags)
        change(path)
        return count

    monkeypatch.setattr(paths.os, "preadv", late)

    with pytest.raises(SourceChangedError):
        await read_whole(path, was)


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_cancelled_stream_leaves_the_file_closed(path: Path, steps: int) -> None:
    fill(path, LARGE)
    body = stream(path, stat_file(path))

    with nothing_left():
        await cancelled_after(steps, everything(body.chunks()))


@pytest.mark.parametrize("steps", range(4))
async def test_a_cancelled_read_leaves_the_file_closed(
    path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "RWF_NOWAIT")

    with nothing_left():
        await cancelled_after(steps, read_whole(path, stat_file(path)))


def test_a_print_is_of_size_times_and_inode(path: Path) -> None:
    seen = path.stat()

    assert stat_file(path) == Fingerprint(100, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)


@pytest.mark.parametrize("size", [100, INLINE + 1, LARGE])
@pytest.mark.parametrize("called", ["stat", "open", "fstat", "read", "lseek"])
async def test_a_handle_that_goes_stale_is_opened_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int, called: str
) -> None:
    fill(path, size)
    really, failures = getattr(os, called), list[int]()

    def stale(*args: object, **kwargs: object) -> object:
        if len(failures) < 2:
            failures.append(1)
            raise OSError(errno.ESTALE, "Stale file handle")
        return really(*args, **kwargs)

    monkeypatch.delattr(os, "RWF_NOWAIT")
    monkeypatch.setattr(paths.os, called, stale)

    with nothing_left():
        was = stat_file(path)
        read = (
            (await read_whole(path, was)).data
            if size <= IN_MEMORY_LIMIT
            else await everything(stream(path, was).chunks())
        )
    assert read == content(size)


async def test_a_handle_that_goes_stale_in_the_middle_because_the_file_was_replaced_is_a_change(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, LARGE)
    was, really = stat_file(path), os.read

    def stale(fd: int, count: int) -> bytes:
        if os.lseek(fd, 0, os.SEEK_CUR) == 2 * BLOCK:
            replace(path)
            raise OSError(errno.ESTALE, "Stale file handle")
        return really(fd, count)

    monkeypatch.setattr(paths.os, "read", stale)

    with nothing_left(), pytest.raises(SourceChangedError, match=r"report\.pdf changed"):
        await everything(stream(path, was).chunks())


@pytest.mark.parametrize("number", [0, 1, -1, -(1 << 63), (1 << 63) - 1])
def test_numbers_of_64_bits_stay_as_they_are(number: int) -> None:
    assert fit_signed_64(number) == number


@given(st.integers())
def test_all_others_are_fitted_into_64_bits_and_stay_apart_from_their_neighbours(number: int) -> None:
    assert -(1 << 63) <= fit_signed_64(number) < 1 << 63
    assert (fit_signed_64(number) - number) % (1 << 64) == 0


@pytest.mark.parametrize("seconds", [-86_400, 10_413_792_000])
def test_a_print_of_any_time_fits_the_journal(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))

    assert stat_file(path) == Fingerprint.of(path.stat())
    assert -(1 << 63) <= stat_file(path).modified < 1 << 63


def failing(number: int, times: int) -> tuple[list[int], object]:
    calls: list[int] = []

    def attempt() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise OSError(number, "failed")
        return "read"

    return calls, attempt


@pytest.mark.parametrize("number", sorted(PASSING))
@pytest.mark.parametrize("times", range(ATTEMPTS))
def test_a_failure_that_passes_is_not_noticed(number: int, times: int) -> None:
    calls, attempt = failing(number, times)

    assert retry_stale(attempt) == "read"  # type: ignore[arg-type]
    assert len(calls) == times + 1


@pytest.mark.parametrize(
    ("number", "attempts"), [(errno.ESTALE, ATTEMPTS), (errno.ENOENT, 1), (errno.EACCES, 1)]
)
def test_one_that_stays_is_raised_after_three_attempts_and_any_other_at_once(
    number: int, attempts: int
) -> None:
    calls, attempt = failing(number, 9)

    with pytest.raises(OSError, match="failed") as caught:
        retry_stale(attempt)  # type: ignore[arg-type]
    assert caught.value.errno == number
    assert len(calls) == attempts
