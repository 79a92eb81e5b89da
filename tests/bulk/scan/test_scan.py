import os
import sys
import threading
from pathlib import Path

import pytest

from coredata_async.bulk.options import Policy, Rule, Selection
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason
from coredata_async.errors import ConfigurationError
from coredata_async.storage.paths import stat_file
from tests.bulk.trees import ALL, by_path, enter, excluded, planned, tree


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory in which the test runs."""
    return enter(tmp_path / "here", monkeypatch)


def test_directories_become_folders_of_their_names_beside_files(directory: Path) -> None:
    tree("photos/b.jpg", "photos/2024/a.jpg", "notes.txt")

    batches = list(scan(["photos", "notes.txt"], ALL, Policy()))

    top, photos = os.fsencode(directory), os.fsencode(directory / "photos")
    assert batches == [
        DirectoryBatch(
            Directory(b"", None),
            (ScannedEntry(top + b"/notes.txt", "notes.txt", stat_file(directory / "notes.txt")),),
        ),
        DirectoryBatch(
            Directory(photos, b"", "photos"),
            (ScannedEntry(b"b.jpg", "b.jpg", stat_file(directory / "photos/b.jpg")),),
        ),
        DirectoryBatch(
            Directory(photos + b"/2024", photos, "2024"),
            (ScannedEntry(b"a.jpg", "a.jpg", stat_file(directory / "photos/2024/a.jpg")),),
        ),
    ]


def test_the_content_of_a_directory_can_go_into_the_parent(directory: Path) -> None:
    tree("a.txt", "sub/b.txt")

    batches = list(scan(["."], ALL, Policy()))

    top = os.fsencode(directory)
    assert [batch.directory for batch in batches] == [
        Directory(b"", None),
        Directory(top, None),
        Directory(top + b"/sub", top, "sub"),
    ]


def test_parents_come_before_children_depth_first_and_in_order(directory: Path) -> None:
    tree("a/1/x", "a/2/", "b/1/x", "c")

    walked = [batch.directory.path for batch in scan(["."], ALL, Policy())]

    assert walked == [b"", *(os.fsencode(directory / sub) for sub in ("", "a", "a/1", "a/2", "b", "b/1"))]


def test_an_empty_directory_is_one_empty_batch(directory: Path) -> None:
    batches = list(scan([directory], ALL, Policy()))

    assert batches == [
        DirectoryBatch(Directory(b"", None)),
        DirectoryBatch(Directory(os.fsencode(directory), b"", "here")),
    ]


def test_a_scan_is_lazy_and_can_be_closed_early_without_leaving_anything_open(directory: Path) -> None:
    for number in range(1500):
        (directory / f"{number:04}").touch()
    batches = scan(["."], ALL, Policy())
    next(batches)
    next(batches)

    batches.close()  # an open `scandir` would be a ResourceWarning, and those are errors

    assert list(batches) == []


def test_a_scan_may_go_from_thread_to_thread(directory: Path) -> None:
    tree("list", "a/b", "c/d")
    (directory / "list").write_text("a/b\nc/d\n")
    batches = scan(["."], Selection(files_from=directory / "list"), Policy())
    received = list[DirectoryBatch | None]()

    while not received or received[-1] is not None:
        thread = threading.Thread(target=lambda: received.append(next(batches, None)))
        thread.start()
        thread.join()

    assert by_path([batch for batch in received if batch]).keys() == {"a/b", "c/d"}


def test_a_path_with_a_forbidden_name_fails_as_one_entry(directory: Path) -> None:
    tree("no\\dir/file", "bad ")

    (batch,) = scan(["no\\dir", "bad "], ALL, Policy())

    assert [(entry.name, entry.reason) for entry in batch.entries] == [
        (os.fsencode(directory / "bad "), Reason.NAME),
        (os.fsencode(directory / "no\\dir"), Reason.NAME),
    ]


def test_rules_are_relative_to_the_path(directory: Path) -> None:
    tree("photos/2024/a.jpg", "photos/2024/a.tmp", "photos/build/x", "photos/2024/build", "photos/2023/a.jpg")
    rules = [Rule("*.tmp"), Rule("/build/"), Rule("/2023")]

    assert planned(Selection(rules=rules), "photos") == {"photos/2024/a.jpg", "photos/2024/build"}
    assert planned(Selection(rules=rules), "photos/.") == {"photos/2024/a.jpg", "photos/2024/build"}


def test_excluded_files_are_counted_and_a_directory_counts_as_one(directory: Path) -> None:
    tree("a.tmp", "b.tmp", "cache/1", "cache/2", "kept")
    (directory / "link.tmp").symlink_to("kept")

    assert excluded(Selection(rules=[Rule("*.tmp"), Rule("cache/")])) == 4


def test_rules_apply_to_paths_that_are_files(directory: Path) -> None:
    tree("a.tmp", "a.txt")

    assert planned(Selection(rules=[Rule("*.tmp")]), "a.tmp", "a.txt") == {"a.txt"}
    assert directory.exists()


def test_if_the_first_rule_includes_everything_else_is_excluded(directory: Path) -> None:
    tree("a.txt", "deep/er/b.pdf", "deep/c.txt", "docs/d.txt", "docs/old/e.txt", "docs/f.tmp", "x.pdf/g")
    os.mkfifo("pipe")

    assert planned(Selection(rules=[Rule("*.pdf", include=True)])) == {"deep/er/b.pdf", "x.pdf/g"}
    assert planned(Selection(rules=[Rule("docs/", include=True), Rule("old/"), Rule("*.tmp")])) == {
        "docs/d.txt"
    }
    assert by_path(scan(["."], Selection(rules=[Rule("*.pdf", include=True)]), Policy())).keys() == {
        "deep/er/b.pdf",
        "x.pdf/g",
    }


def test_a_scan_needs_no_pathspec_unless_there_is_something_to_match(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("a/file")
    monkeypatch.setitem(sys.modules, "pathspec", None)

    assert planned(ALL) == {"a/file"}
    with pytest.raises(ConfigurationError, match="pathspec"):
        scan(["."], Selection(rules=[Rule("*")]), Policy())
    (directory / "a" / ".coredataignore").write_text("*")
    with pytest.raises(ConfigurationError, match="pathspec"):
        list(scan(["."], ALL, Policy()))
    assert planned(Selection(ignore_files=False)) == {"a/file", "a/.coredataignore"}
