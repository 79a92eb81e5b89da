"""Tests of `coredata check`: a line per file, the counts, and the exit code."""

from collections import Counter
from pathlib import Path

import pytest

from coredata_async.cli.check import exit_code


@pytest.fixture
def uploaded(shell, far, monkeypatch) -> Path:
    """Return a tree that is on the server."""
    monkeypatch.setenv("XDG_STATE_HOME", str(Path.cwd().parent / "state"))
    tree = Path.cwd() / "T"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.txt").write_bytes(b"a")
    (tree / "sub" / "e\u0301\n").write_bytes(b"b")
    shell.ok("upload", "T", "--parent", far.project, "--names", "escape", "--quiet")
    return tree


def test_after_an_upload_all_is_the_same(shell, far, uploaded) -> None:
    done = shell("check", "T", "--parent", far.project, "--names", "escape")

    assert (done.code, done.out) == (0, "= T/a.txt\n= T/sub/\u00e9%0A\n")
    assert "2 files the same (=)" in done.err


def test_differences_are_reported_and_exit_4(shell, far, uploaded) -> None:
    (uploaded / "a.txt").write_bytes(b"b")
    (uploaded / "new").touch()

    done = shell("check", "T", "--parent", far.project, "--names", "escape", "--quiet")

    assert done.code == 4
    assert done.out == "* T/a.txt  (other content)\n+ T/new\n"


def test_programs_get_a_line_each_and_the_counts(shell, far, uploaded) -> None:
    done = shell("check", "T/.", "--parent", far.project, "--json", "--include", "a*")

    *files, last = done.lines
    assert [(each["event"], each["symbol"], each["path"], each["size"]) for each in files] == [
        ("compared", "+", "a.txt", 1),
        ("compared", "-", "T/a.txt", 1),
    ]
    assert last == {"event": "checked", "counts": {"=": 0, "-": 1, "+": 1, "*": 0, "!": 0}, "twice": 0}


def test_what_cannot_be_compared_exits_3(shell, far, uploaded) -> None:
    done = shell("check", "T/a.txt", "T/sub", "--parent", far.project)

    assert done.code == 4
    assert done.out.splitlines()[0] == "+ a.txt"
    only = shell("check", "T/sub/e\u0301\n", "--parent", far.project)
    assert only.code == 3
    assert only.out.startswith("! ")


def test_a_sample_is_downloaded(shell, far, uploaded) -> None:
    shell.ok("check", "T", "--parent", far.project, "--names", "escape", "--download", "100%")

    assert far.state.count("storage.get") == 2
    assert shell("check", "T", "--parent", far.project, "--download", "much").code == 2


def test_a_second_folder_of_a_name_exits_5_and_is_counted_once(shell, far, uploaded) -> None:
    (folder,) = [each for each in far.state.of("Folder") if each.title == "T"]
    second = far.state.add_folder("T", folder.parent)

    done = shell("check", "T", "--parent", far.project, "--names", "escape", "--quiet")

    assert done.code == 5
    assert done.out.startswith(f"= T/  ({second} is a second folder of this name")
    assert "2 files the same (=), 1 duplicate" in done.err


@pytest.mark.parametrize(
    ("counts", "twice", "code"),
    [("==", 0, 0), ("", 0, 0), ("=!", 0, 3), ("=!", 1, 5), ("-", 1, 4), ("+!", 0, 4), ("=*", 0, 4)],
)
def test_the_exit_code_says_the_worst(counts: str, twice: int, code: int) -> None:
    assert exit_code(Counter(counts), twice) == code
