import contextlib
import errno
import os
import subprocess
import tracemalloc
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coredata_async.bulk.options import Policy
from coredata_async.bulk.scan import walk
from coredata_async.bulk.scan.entries import Directory
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason, State
from tests.bulk.trees import ALL, by_path, enter, planned, tree


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory in which the test runs."""
    return enter(tmp_path / "here", monkeypatch)


def test_a_large_directory_comes_in_parts_of_a_thousand_the_last_of_which_completes_it(
    directory: Path,
) -> None:
    for number in range(2500):
        (directory / f"{number:04}").touch()

    _, *batches = scan(["."], ALL, Policy())

    assert [len(batch.entries) for batch in batches] == [1000, 1000, 500]
    assert [batch.complete for batch in batches] == [False, False, True]
    assert len(by_path(batches)) == 2500
    assert all(list(batch.entries) == sorted(batch.entries, key=lambda each: each.name) for batch in batches)


def test_memory_is_flat_in_the_number_of_files(directory: Path) -> None:
    def peak(count: int) -> int:
        for number in range(count):
            (directory / f"a file with a rather long name {number:06}").touch()
        tracemalloc.start()
        try:
            for _ in scan(["."], ALL, Policy()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(12000) < peak(2000) * 1.5


def test_a_tree_deeper_than_the_stack_is_walked_as_far_as_the_system_goes(directory: Path) -> None:
    at = os.open(directory, os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)

    *batches, last = scan(["."], ALL, Policy())
    subprocess.run(["rm", "-rf", "d"], check=True)  # Python's own removal is not as deep

    assert len(batches) > 1500
    (entry,) = last.entries
    assert (entry.state, entry.reason) == (State.FAILED, Reason.UNREADABLE)
    assert "name too long" in entry.message


def test_two_directories_that_would_become_one_folder_both_fail(directory: Path) -> None:
    stored = unicodedata.normalize("NFD", "ský")
    tree(f"{stored}/1", "ský/2", "fine/3")
    expected = {"ský": Reason.COLLISION, stored: Reason.COLLISION, "fine/3": None}

    assert {path: entry.reason for path, entry in by_path(scan(["."], ALL, Policy())).items()} == expected
    assert {
        path: entry.reason for path, entry in by_path(scan([stored, "ský", "fine"], ALL, Policy())).items()
    } == expected
    assert planned(ALL, policy=Policy(unicode="keep")) == {"ský/2", f"{stored}/1", "fine/3"}


def refuse(monkeypatch: pytest.MonkeyPatch, path_to_refuse: Path, error: type[OSError] | OSError) -> None:
    real = os.scandir

    def scandir(path: bytes) -> object:
        if path == os.fsencode(path_to_refuse):
            raise error
        return real(path)

    monkeypatch.setattr(walk.os, "scandir", scandir)


def test_a_directory_that_cannot_be_listed_is_one_failure_in_the_directory_above(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("a/shut/x", "a/file", "b/file")
    refuse(monkeypatch, directory / "a" / "shut", PermissionError(errno.EACCES, "Permission denied"))

    batches = list(scan(["."], ALL, Policy()))

    entry = by_path(batches)["a/shut"]
    assert (entry.state, entry.reason) == (State.FAILED, Reason.UNREADABLE)
    assert "Permission denied" in entry.message
    assert by_path(batches).keys() == {"a/shut", "a/file", "b/file"}
    assert os.fsencode(directory / "a" / "shut") not in {batch.directory.path for batch in batches}


@pytest.mark.parametrize("path", ["a", "a/."])
def test_a_path_that_cannot_be_listed_is_a_failure_of_the_top(
    directory: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    tree("a/x")
    refuse(monkeypatch, directory / "a", PermissionError(errno.EACCES, "Permission denied"))

    _, batch = scan([path], ALL, Policy())

    assert batch.directory == Directory(b"", None)
    assert [entry.name for entry in batch.entries] == [os.fsencode(directory / "a")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_without_permission_is_a_failure(directory: Path) -> None:
    tree("shut/x", "file")
    (directory / "shut").chmod(0)
    try:
        entries = by_path(scan(["."], ALL, Policy()))
    finally:
        (directory / "shut").chmod(0o700)

    assert {path: entry.reason for path, entry in entries.items()} == {
        "shut": Reason.UNREADABLE,
        "file": None,
    }


def test_an_entry_that_vanishes_after_it_was_listed_is_ignored(directory: Path) -> None:
    tree("a/1", "b/2", "z/3")
    batches = scan(["."], ALL, Policy())
    received = [next(batches), next(batches)]
    (directory / "b" / "2").unlink()
    (directory / "b").rmdir()

    received += batches

    assert by_path(received).keys() == {"a/1", "z/3"}


def test_a_path_that_vanishes_is_a_failure(directory: Path) -> None:
    tree("a/1")
    batches = scan(["a"], ALL, Policy())
    (directory / "a").rename("elsewhere")

    assert by_path(batches)["a"].reason is Reason.UNREADABLE


def test_a_listing_that_ends_early_is_reported_and_never_complete(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("a/1", "a/2", "a/sub/3", "z")
    real = walk.on_disk

    def breaking(path: bytes) -> Iterator[object]:
        for count, entry in enumerate(sorted(real(path), key=lambda each: each.name, reverse=True)):
            if path.endswith(b"/a") and count == 2:
                raise OSError(errno.EIO, "Input/output error")
            yield entry

    monkeypatch.setattr("coredata_async.bulk.scan.scan.on_disk", breaking)

    batches = list(scan(["."], ALL, Policy()))

    assert [batch.complete for batch in batches if batch.directory.path == os.fsencode(directory / "a")] == [
        False
    ]
    assert by_path(batches)["a"].reason is Reason.UNREADABLE
    assert by_path(batches).keys() == {"a", "a/2", "a/sub/3", "z"}


def test_a_name_that_the_file_system_lists_twice_is_yielded_once(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("a")
    real = walk.on_disk
    monkeypatch.setattr("coredata_async.bulk.scan.scan.on_disk", lambda path: [*real(path), *real(path)])

    assert planned(ALL) == {"a"}


NAMES = st.sampled_from(["a", "b", os.fsdecode(b"\xff"), "n\n", "\u00e9", "e\u0301", "x."])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(PATHS, max_size=12), links=st.lists(st.tuples(PATHS, PATHS), max_size=4))
def test_every_entry_of_any_tree_is_yielded_once(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], links: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("any")
    for path, target in [*((path, None) for path in paths), *links]:
        with contextlib.suppress(OSError):  # it exists, or is a file instead of a directory
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch() if target is None else (root / path).symlink_to(root / target)

    batches = list(scan([f"{root}/."], ALL, Policy(names="escape", unicode="keep")))

    there = {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_symlink() or path.is_file()
    }
    assert by_path(batches, root).keys() == there
    known: set[bytes | None] = {None}
    for batch in batches:
        assert batch.directory.parent in known
        known.add(batch.directory.path)
    assert all(batch.complete for batch in batches)


@pytest.mark.parametrize("called", ["scandir", "stat"])
def test_a_directory_or_link_whose_handle_is_stale_once_is_read_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    tree("a", "d/b")
    original, failures = getattr(os, called), list[int]()

    def stale(*args: object, **kwargs: object) -> object:
        if not failures:
            failures.append(1)
            raise OSError(errno.ESTALE, "Stale file handle")
        return original(*args, **kwargs)

    monkeypatch.setattr(os, called, stale)

    assert set(by_path(scan(["."], ALL, Policy()))) == {"a", "d/b"}
