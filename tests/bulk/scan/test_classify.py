import os
import socket
from pathlib import Path

import pytest

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import stat_file
from tests.bulk.trees import ALL, FOLLOW, by_path, enter, excluded, planned, tree


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory in which the test runs."""
    return enter(tmp_path / "here", monkeypatch)


def test_links_are_counted_and_not_followed(directory: Path) -> None:
    tree("real/file", "file")
    for name, target in {"to-file": "file", "to-dir": "real", "broken": "nowhere", "self": "self"}.items():
        (directory / name).symlink_to(target)

    entries = by_path(scan(["."], ALL, Policy()))

    links = {
        path for path, entry in entries.items() if (entry.state, entry.reason) == (State.SKIPPED, Reason.LINK)
    }
    assert links == {"to-file", "to-dir", "broken", "self"}
    assert entries.keys() - links == {"file", "real/file"}


def test_links_that_are_followed_count_as_their_targets(directory: Path) -> None:
    tree("real/file", "file")
    (directory / "to-file").symlink_to("file")
    (directory / "to-dir").symlink_to("real")

    batches = list(scan(["."], ALL, FOLLOW))

    assert by_path(batches).keys() == {"file", "to-file", "real/file", "to-dir/file"}
    assert by_path(batches)["to-file"].fingerprint == stat_file(directory / "file")
    assert not any(batch.warnings for batch in batches)


def test_dangling_and_circular_links_are_reported_and_skipped(directory: Path) -> None:
    tree("a/b/file")
    for name, target in {
        "broken": "no",
        "a/under-file": "b/file/x",
        "self": "self",
        "a/b/up": "..",
        "a/top": directory,
    }.items():
        (directory / name).symlink_to(target)

    entries = by_path(scan(["."], ALL, FOLLOW))

    words = {path: entry.message for path, entry in entries.items() if entry.reason is Reason.LINK}
    assert words.keys() == {"broken", "a/under-file", "self", "a/b/up", "a/top"}
    assert "does not exist" in words["broken"]
    assert "leads to itself" in words["self"]
    assert all("leads back" in words[path] for path in ("a/b/up", "a/top"))
    assert entries.keys() - words.keys() == {"a/b/file"}


def test_a_link_above_the_tree_is_followed_with_a_warning_and_without_a_circle(directory: Path) -> None:
    tree("tree/file", "beside")
    (directory / "tree" / "up").symlink_to(directory)

    batches = list(scan(["tree"], ALL, FOLLOW))

    assert {path for path, entry in by_path(batches).items() if entry.state is State.PLANNED} == {
        "tree/file",
        "tree/up/beside",
    }
    assert by_path(batches)["tree/up/tree"].reason is Reason.LINK
    (warning,) = (words for batch in batches for words in batch.warnings)
    assert "tree/up is a link that leads out of the tree" in warning


def test_many_warnings_of_one_batch_are_counted(directory: Path) -> None:
    tree("tree/", "beside")
    for number in range(50):
        (directory / "tree" / f"{number}").symlink_to(directory / "beside")

    batches = list(scan(["tree"], ALL, FOLLOW))

    assert len(by_path(batches)) == 50
    assert [len(batch.warnings) for batch in batches] == [0, 4]
    assert batches[1].warnings[-1].startswith("and 47 more")


def test_pipes_and_sockets_are_counted_and_not_opened(directory: Path) -> None:
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        entries = by_path(scan(["."], ALL, Policy()))
        named = by_path(scan(["pipe"], ALL, Policy()))

    assert {path: (entry.state, entry.reason) for path, entry in (entries | named).items()} == {
        "pipe": (State.SKIPPED, Reason.SPECIAL),
        "socket": (State.SKIPPED, Reason.SPECIAL),
    }


def test_hard_links_are_separate_files(directory: Path) -> None:
    tree("one")
    (directory / "two").hardlink_to("one")

    assert planned(ALL) == {"one", "two"}


def test_a_forbidden_name_fails_and_a_directory_of_such_a_name_is_not_entered(directory: Path) -> None:
    tree("bad\n", "no\\dir/file", b"sk\xfd", "fine")

    entries = by_path(scan(["."], ALL, Policy()))

    assert {
        path for path, entry in entries.items() if (entry.state, entry.reason) == (State.FAILED, Reason.NAME)
    } == {
        "bad\n",
        "no\\dir",
        "sk\udcfd",
    }
    assert entries["bad\n"].fingerprint == stat_file(directory / "bad\n")
    assert entries.keys() == {"bad\n", "no\\dir", "sk\udcfd", "fine"}
    assert planned(ALL, policy=Policy(names="escape")) == {"bad\n", "no\\dir/file", "sk\udcfd", "fine"}


def test_size_and_age_exclude_files(directory: Path) -> None:
    for size, mtime in ((0, 100), (10, 200), (20, 300)):
        (directory / str(size)).write_bytes(b"x" * size)
        os.utime(str(size), (mtime, mtime))

    assert planned(Selection(min_size=10)) == {"10", "20"}
    assert planned(Selection(max_size=10)) == {"0", "10"}
    assert planned(Selection(newer_than=100, older_than=300)) == {"10"}
    assert excluded(Selection(min_size=1, newer_than=250)) == 2
