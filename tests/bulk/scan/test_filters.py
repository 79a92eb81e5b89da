import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coredata_async.bulk.options import Policy, Rule, Selection
from coredata_async.bulk.scan.filters import from_lines, from_rules
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason, State
from coredata_async.errors import ConfigurationError

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


@pytest.mark.parametrize(
    ("glob", "matched", "others"),
    [
        ("*.tmp", ["a.tmp", "deep/er/b.tmp", "c.tmp/"], ["a.tmp.txt", "a.tmp/inside"]),
        ("/build/", ["build/"], ["build", "src/build/", "build/x"]),
        ("docs/**/*.pdf", ["docs/a.pdf", "docs/x/y/a.pdf"], ["a.pdf", "x/docs/a.pdf", "docs/a.pdf.txt"]),
        ("cache/**", ["cache/a", "cache/b/c", "cache/b/"], ["cache/", "cache", "x/cache/a"]),
        ("cache/**/", ["cache/b/", "cache/b/c/"], ["cache/", "cache/a"]),
        ("*", ["a", "a/b", "a/"], []),
        ("*/", ["a/", "a/b/"], ["a", "a/b"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["x/y", "ax"]),
        ("[ab]?", ["ax", "b1", "d/ax"], ["cx", "a", "axx"]),
        ("[!a]", ["b"], ["a"]),
        (r"\*", ["*"], ["a"]),
        ("!literal", ["!literal"], ["literal"]),
        ("#literal", ["#literal"], ["literal"]),
        ("*a*[bc]?*d", ["aabxd", "a/xa-c..d"], ["abd", "d", "aab/xd"]),
        ("*" * 999, ["a"], []),
        ("a" + "*" * 999 + "b", ["a" * 200 + "b"], ["a" * 200]),
        ("*a" * 30 + "*b", ["a" * 30 + "b"], ["a" * 250]),
        ("new\nline", ["new\nline"], ["new"]),
        ("a", ["x\ny/a"], ["a\n"]),
    ],
)
def test_a_glob_matches_as_in_a_gitignore(glob: str, matched: Sequence[str], others: Sequence[str]) -> None:
    patterns = from_rules([Rule(glob)])

    assert [patterns.decide(path) for path in matched] == [False] * len(matched)
    assert [patterns.decide(path) for path in others] == [None] * len(others)


def test_the_last_rule_that_matches_counts() -> None:
    patterns = from_rules([Rule("*"), Rule("*.pdf", include=True), Rule("draft*")])

    assert [patterns.decide(path) for path in ("a.txt", "a.pdf", "draft.pdf")] == [False, True, False]


@pytest.mark.parametrize(
    "glob", ["", "   ", "/", "[", "a[b", "[z-a]", "[a--b]", "[[:alpha:]]", "[[a]", "a\\"]
)
def test_a_rule_that_is_not_a_glob_is_refused(glob: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a glob"):
        from_rules([Rule(glob)])


def test_typed_and_stored_accents_are_equal() -> None:
    patterns = from_rules([Rule(unicodedata.normalize("NFD", "skýrsla*"))])

    assert patterns.decide("skýrsla.pdf") is False


def test_an_ignore_file_may_have_comments_and_windows_line_ends_and_reports_its_invalid_lines() -> None:
    patterns, wrong = from_lines(b"\xef\xbb\xbf*.tmp\r\n# all\n\n   \n[\n!keep.tmp\n\\#x\nsk\xfd*\n\\!y")

    assert wrong == [5]
    assert [patterns.decide(path) for path in ("a.tmp", "keep.tmp", "#x", "!y", "sk\udcfd")] == [
        False,
        True,
        False,
        False,
        False,
    ]


@given(
    st.lists(st.sampled_from([*"[]^!-&|~:a*?\\/#", "**", "\xe9"]), max_size=12).map("".join),
    st.binary(max_size=60),
)
def test_no_line_makes_an_ignore_file_unreadable(line: str, data: bytes) -> None:
    for each in (line.encode(), data):
        patterns, _ = from_lines(each)
        patterns.decide("a/b")


def test_without_pathspec_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pathspec", None)

    assert not from_rules([])
    with pytest.raises(ConfigurationError, match=r"pip install 'coredata-async\[bulk\]'"):
        from_rules([Rule("*")])


NAMES = ["a", "b", "ab", "a.x", "c"]
SEGMENTS = st.sampled_from(["a", "b", "c", "*", "**", "?", "a*", "*.x", "[ab]", "[!a]", "a**b", r"\a", "**a"])
GLOBS = st.builds(
    lambda bang, root, segments, end: f"{bang}{root}{'/'.join(segments)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", " "]),
)
IGNORES = st.dictionaries(
    st.sampled_from(["", "a", "ab/c", "a/b"]), st.lists(GLOBS, min_size=1, max_size=4), min_size=1
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", root], check=True)
    for one in ("a", "ab", "a.x"):
        for two in ("b", "c", "a.x"):
            (root / one / two / "a").mkdir(parents=True)
            for name in ("b", "a.x", "ab"):
                (root / one / two / "a" / name).touch()
            (root / one / two / "ab").touch()
        (root / one / "a").touch()
    return root


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the reference")
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ignores=IGNORES)
def test_nested_ignore_files_select_what_git_selects(repository: Path, ignores: dict[str, list[str]]) -> None:
    for old in repository.rglob(".*ignore"):
        old.unlink()
    for folder, globs in ignores.items():
        for name in (".gitignore", ".coredataignore"):
            (repository / folder / name).write_text("\n".join(globs))

    command = ["git", "-C", repository, "ls-files", "-oz", "--exclude-per-directory=.gitignore"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")

    assert selected(repository) == {path for path in listed if path and not path.endswith("ignore")}


def selected(root: Path) -> set[str]:
    found = {
        (Path(batch.directory.path.decode()) / entry.name.decode()).relative_to(root).as_posix()
        for batch in scan([f"{root}/."], Selection(), Policy())
        for entry in batch.entries
    }
    return {path for path in found if not path.startswith(".git/") and not path.endswith("ignore")}
