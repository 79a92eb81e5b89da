import os
from pathlib import Path

import pytest

from coredata_async.bulk.options import Policy, Rule, Selection
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason, State

SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55"


def scan_with(root: Path, selection: Selection | None = None) -> tuple[set[str], int, list[str]]:
    """Return the planned files, the number of excluded ones, and the warnings."""
    files, excluded, warnings = set[str](), 0, list[str]()
    for batch in scan([f"{root}/."], selection or Selection(), Policy()):
        inside = Path(os.fsdecode(batch.directory.path))
        files |= {
            (inside / entry.name.decode()).relative_to(root).as_posix()
            for entry in batch.entries
            if entry.state is State.PLANNED
        }
        excluded += batch.excluded
        warnings += batch.warnings
    return files, excluded, warnings


def tree(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_an_ignore_file_applies_to_its_directory_and_below_and_is_not_uploaded(tmp_path: Path) -> None:
    tree(tmp_path, "a.tmp", "sub/a.tmp", "sub/a.log", "sub/deep/a.log", "sub/deep/only", "only")
    (tmp_path / ".coredataignore").write_text("*.tmp\n")
    (tmp_path / "sub" / ".coredataignore").write_text("*.log\n/only\n")

    assert scan_with(tmp_path) == ({"sub/deep/only", "only"}, 6, [])


def test_the_nearest_ignore_file_decides_and_can_include_again(tmp_path: Path) -> None:
    tree(tmp_path, "a.tmp", "sub/a.tmp", "sub/b.tmp", "gone/a")
    (tmp_path / ".coredataignore").write_text("*.tmp\ngone/\n")
    (tmp_path / "sub" / ".coredataignore").write_text("!a.tmp\n")

    assert scan_with(tmp_path)[0] == {"sub/a.tmp"}


def test_no_rule_includes_a_file_that_an_ignore_file_excludes(tmp_path: Path) -> None:
    tree(tmp_path, "secret.key", "open.key", "x")
    (tmp_path / ".coredataignore").write_text("secret*\n")

    assert scan_with(tmp_path, Selection(rules=[Rule("*.key", include=True)]))[0] == {"open.key"}


def test_ignore_files_can_be_disregarded_and_are_files_then(tmp_path: Path) -> None:
    tree(tmp_path, "a.tmp", "cache/x")
    (tmp_path / ".coredataignore").write_text("*\n")
    (tmp_path / "cache" / "CACHEDIR.TAG").write_text(SIGNATURE)

    assert scan_with(tmp_path, Selection(ignore_files=False))[0] == {
        "a.tmp",
        ".coredataignore",
        "cache/x",
        "cache/CACHEDIR.TAG",
    }


def test_a_line_that_is_not_a_glob_causes_a_warning(tmp_path: Path) -> None:
    tree(tmp_path, "a", "b")
    (tmp_path / ".coredataignore").write_text("a\n[\n")

    files, _, (warning,) = scan_with(tmp_path)

    assert files == {"b"}
    assert "not a glob" in warning
    assert warning.endswith("line 2")


@pytest.mark.parametrize("kind", ["directory", "pipe", "dangling"])
def test_a_path_named_like_an_ignore_file_without_being_one_has_no_effect(tmp_path: Path, kind: str) -> None:
    tree(tmp_path, "a")
    strange = tmp_path / ".coredataignore"
    if kind == "directory":
        strange.mkdir()
    elif kind == "pipe":
        os.mkfifo(strange)
    else:
        strange.symlink_to("nowhere")

    assert scan_with(tmp_path)[0] == {"a"}


def test_if_an_ignore_file_cannot_be_read_nothing_of_its_directory_is_uploaded(tmp_path: Path) -> None:
    tree(tmp_path, "sub/secret", "a")
    with (tmp_path / "sub" / ".coredataignore").open("wb") as file:
        file.truncate((1 << 20) + 1)

    entries = [entry for batch in scan([tmp_path], Selection(), Policy()) for entry in batch.entries]

    assert {(entry.name, entry.reason) for entry in entries} == {(b"sub", Reason.UNREADABLE), (b"a", None)}
    assert any("is larger than" in entry.message for entry in entries)


def test_only_the_mark_of_a_cache_is_uploaded(tmp_path: Path) -> None:
    tree(tmp_path, "cache/x", "cache/deep/y", "false/x", "linked/x", "z")
    (tmp_path / "cache" / "CACHEDIR.TAG").write_text(f"{SIGNATURE}\n# by a test")
    (tmp_path / "false" / "CACHEDIR.TAG").write_text("Signature: none")
    (tmp_path / "linked" / "CACHEDIR.TAG").symlink_to(tmp_path / "cache" / "CACHEDIR.TAG")

    assert scan_with(tmp_path) == (
        {"cache/CACHEDIR.TAG", "false/x", "false/CACHEDIR.TAG", "linked/x", "z"},
        2,
        [],
    )


def test_a_path_that_is_a_cache_itself_causes_a_warning(tmp_path: Path) -> None:
    tree(tmp_path, "x")
    (tmp_path / "CACHEDIR.TAG").write_text(SIGNATURE)

    files, excluded, (warning,) = scan_with(tmp_path)

    assert (files, excluded) == ({"CACHEDIR.TAG"}, 1)
    assert "ignore_files=False" in warning
