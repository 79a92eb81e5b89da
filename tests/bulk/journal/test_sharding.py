"""Division of files into groups: their limits, and that each file is in one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.journal.planning import Planned, Sums
from coredata_async.bulk.journal.sharding import FolderWindow, PendingFile, Splitter
from coredata_async.bulk.states import State

folders = st.lists(st.lists(st.integers(0, 60), max_size=9), max_size=9)


def split(sizes: list[list[int]], max_files: int, max_bytes: int) -> list[list[int]]:
    splitter, groups, number = Splitter(max_files, max_bytes), [], 0
    for folder in sizes:
        files = [PendingFile(number + n, size, b"") for n, size in enumerate(folder)]
        number += len(folder)
        groups += splitter.add(files)
    if rest := splitter.take():
        groups.append(rest)
    return groups


@given(folders, st.integers(1, 7), st.integers(1, 100))
def test_each_file_is_in_one_group_and_the_order_is_kept(sizes, max_files, max_bytes) -> None:
    groups = split(sizes, max_files, max_bytes)

    assert [file for group in groups for file in group] == list(range(sum(map(len, sizes))))
    assert all(groups)


@given(folders, st.integers(1, 7), st.integers(1, 100))
def test_a_group_exceeds_no_limit_unless_one_file_does(sizes, max_files, max_bytes) -> None:
    flat = [size for folder in sizes for size in folder]

    for group in split(sizes, max_files, max_bytes):
        assert len(group) <= max_files
        assert sum(flat[file] for file in group) <= max_bytes or len(group) == 1


@given(folders, st.integers(1, 7), st.integers(1, 100))
def test_no_two_neighbours_would_fit_into_one_group(sizes, max_files, max_bytes) -> None:
    flat = [size for folder in sizes for size in folder]
    groups = split(sizes, max_files, max_bytes)

    for one, other in pairwise(groups):
        more = [*one, other[0]]
        assert len(more) > max_files or sum(flat[file] for file in more) > max_bytes


def test_a_group_comes_with_its_last_file() -> None:
    splitter = Splitter(2, 100)
    files = [PendingFile(number, 10, b"") for number in range(3)]

    assert list(splitter.add(files[:2])) == [[0, 1]]
    assert list(splitter.add(files[2:])) == []


def batch(folder: int, files: int, *, size: int = 1, complete: bool = True) -> Planned:
    sums = Sums({State.PLANNED: files, State.FAILED: 50}, {State.PLANNED: files * size})
    return Planned(folder, sums, complete, complete, False, 0, (), b"", ())


def test_a_window_is_full_when_its_folders_may_fill_a_shard() -> None:
    window = FolderWindow(64, 10, 1000)

    window.add(batch(1, 4), wanted=True)
    window.add(batch(2, 8, complete=False), wanted=False)
    assert not window.is_full
    window.add(batch(2, 1), wanted=True)

    assert window.is_full
    assert window.take() == [1, 2]
    assert not window.is_full
    assert window.take() == []


def test_a_window_is_full_with_many_folders_or_large_files() -> None:
    window = FolderWindow(3, 10, 1000)
    for folder in range(3):
        window.add(batch(folder, 1), wanted=True)
    assert window.is_full
    window.take()
    window.add(batch(4, 1, size=1000), wanted=True)
    assert window.is_full


def test_a_window_leaves_out_folders_that_are_not_wanted() -> None:
    window = FolderWindow(1, 1, 1)
    window.add(batch(1, 0), wanted=False)
    assert window.take() == []
