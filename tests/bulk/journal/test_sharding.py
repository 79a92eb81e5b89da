"""Division of files into groups: their limits, and that each file is in one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.journal.sharding import PendingFile, Splitter

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
