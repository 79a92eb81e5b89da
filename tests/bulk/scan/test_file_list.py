import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.options import Policy, Rule, Selection
from coredata_async.bulk.scan import file_list
from coredata_async.bulk.scan.entries import ScannedEntry
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import Reason
from coredata_async.errors import ConfigurationError
from tests.bulk.trees import by_path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path in ("a", "b.tmp", "sub/c", "sub/deep/d", "other/e", "#hash", " space"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def listed(
    root: Path, data: bytes, policy: Policy | None = None, **selection: object
) -> dict[str, ScannedEntry]:
    """Return the entries of a list by path."""
    source = root.parent / "list"
    source.write_bytes(data)
    batches = scan([f"{root}/."], Selection(files_from=source, **selection), policy or Policy())
    return by_path(batches, root)


def test_only_the_files_in_the_list_are_taken(tree: Path) -> None:
    assert listed(tree, b"a\nsub/deep/d\n").keys() == {"a", "sub/deep/d"}


def test_only_directories_on_the_path_of_a_file_are_yielded(tree: Path) -> None:
    (tree.parent / "list").write_text("sub/deep/d")

    batches = scan([tree], Selection(files_from=tree.parent / "list"), Policy())

    assert [(batch.directory.title, len(batch.entries), batch.complete) for batch in batches] == [
        ("", 0, True),
        ("tree", 0, True),
        ("sub", 0, True),
        ("deep", 1, True),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"a\nsub/c",
        b"a\n\n# no\nsub/c\n",
        b"\xef\xbb\xbfa\r\nsub/c\r\n",
        b"a\0sub/c\0",
        b"a\0sub/c",
        b"\0a\0\0sub/c",
        b"./a\n.//sub/./c\nsub/c\na\n",
    ],
)
def test_a_list_may_be_written_in_several_ways_and_names_files_once(tree: Path, data: bytes) -> None:
    assert listed(tree, data).keys() == {"a", "sub/c"}


def test_with_nuls_any_name_can_be_listed(tree: Path) -> None:
    (tree / "new\nline").touch()

    assert listed(tree, b"#hash\0 space\0new\nline\0", Policy(names="escape")).keys() == {
        "#hash",
        " space",
        "new\nline",
    }
    assert listed(tree, b"#hash\n space\n").keys() == {" space"}


@pytest.mark.parametrize(
    "data", [b"/a", b"../a", b"sub/../a", b".", b"a\n./\n", b"a\0/\0", b"a\n" * 40000 + b"x\0y"]
)
def test_a_path_that_leads_out_is_refused_before_any_batch(tree: Path, data: bytes) -> None:
    with pytest.raises(ConfigurationError, match="of the list of files"):
        listed(tree, data)


def test_a_file_that_is_not_a_list_is_refused_before_it_fills_the_memory(tree: Path) -> None:
    with pytest.raises(ConfigurationError, match="check that it is a list"):
        listed(tree, b"x" * 1_000_000)


@pytest.mark.parametrize("source", ["gone", "tree"])
def test_a_list_that_cannot_be_read_is_refused(tree: Path, source: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        list(scan([tree], Selection(files_from=tree.parent / source), Policy()))


def test_a_list_for_which_the_temporary_directory_has_no_room_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_list, "_TABLES", file_list._TABLES + "PRAGMA max_page_count = 10;")

    with pytest.raises(ConfigurationError, match=r"is full.*TMPDIR"):
        listed(tree, b"".join(b"%d/%s\n" % (number, b"x" * 100) for number in range(1000)))


def test_a_list_is_relative_to_one_directory(tree: Path) -> None:
    for paths in ([tree / "a"], [tree / "sub", tree / "other"]):
        with pytest.raises(ConfigurationError, match="one PATH"):
            scan(paths, Selection(files_from="list"), Policy())


def test_an_empty_list_takes_nothing(tree: Path) -> None:
    assert listed(tree, b"") == {}
    assert listed(tree, b"\xef\xbb\xbf") == {}
    assert listed(tree, b"# nothing\n\n") == {}


def test_a_listed_file_that_does_not_exist_fails_with_a_message(tree: Path) -> None:
    (tree / "broken").symlink_to("nowhere")

    entries = listed(tree, b"gone\nsub\nsub/gone\nnodir/x\na/x\nother/e\nbroken\n")

    assert {path: entry.reason for path, entry in entries.items()} == {
        "gone": Reason.UNREADABLE,
        "sub": Reason.UNREADABLE,
        "sub/gone": Reason.UNREADABLE,
        "nodir": Reason.UNREADABLE,
        "a": Reason.UNREADABLE,
        "other/e": None,
        "broken": Reason.LINK,
    }
    assert "does not exist" in entries["gone"].message
    assert "list its files" in entries["sub"].message
    assert "not a directory" in entries["a"].message


def test_a_directory_and_a_file_in_it_may_both_be_listed(tree: Path) -> None:
    entries = listed(tree, b"sub\nsub/c\n")

    assert {path: entry.reason for path, entry in entries.items()} == {
        "sub": Reason.UNREADABLE,
        "sub/c": None,
    }


def test_links_on_the_path_follow_the_policy(tree: Path) -> None:
    (tree / "link").symlink_to("sub")
    (tree / "file-link").symlink_to("a")
    (tree / "broken").symlink_to("nowhere")
    data = b"link/c\nfile-link\nbroken\n"

    assert {path: entry.reason for path, entry in listed(tree, data).items()} == dict.fromkeys(
        ("link", "file-link", "broken"), Reason.LINK
    )
    followed = listed(tree, data, Policy(links="follow"))
    assert {path: entry.reason for path, entry in followed.items()} == {
        "link/c": None,
        "file-link": None,
        "broken": Reason.LINK,
    }


def test_rules_size_and_ignore_files_count_for_listed_files(tree: Path) -> None:
    (tree / "sub" / ".coredataignore").write_text("deep/")
    data = b"a\nb.tmp\nsub/c\nsub/deep/d\nsub/.coredataignore\n"

    assert listed(tree, data, rules=[Rule("*.tmp")]).keys() == {"a", "sub/c"}
    assert listed(tree, data, min_size=5).keys() == {"b.tmp", "sub/c"}


def test_two_listed_directories_that_would_become_one_both_fail(tree: Path) -> None:
    for name in ("\u00e9", "e\u0301"):
        (tree / name).mkdir()
        (tree / name / "x").touch()

    entries = listed(tree, "\u00e9/x\ne\u0301/x\na".encode())

    assert {path: entry.reason for path, entry in entries.items()} == {
        "\u00e9": Reason.COLLISION,
        "e\u0301": Reason.COLLISION,
        "a": None,
    }


def test_the_list_may_come_from_standard_input(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nsub/c\n")))

    batches = scan([tree], Selection(files_from="-"), Policy())

    assert [entry.name for batch in batches for entry in batch.entries] == [b"a", b"c"]


@pytest.mark.skipif(os.name == "nt", reason="a mode of POSIX streams")
def test_standard_input_that_does_not_wait_is_refused_instead_of_cut_off(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, b"a\nsub")  # the rest has not come yet
    with os.fdopen(reading, "rb") as stream:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))

        with pytest.raises(ConfigurationError, match="cannot be read: Resource temporarily unavailable"):
            list(scan([tree], Selection(files_from="-"), Policy()))
    os.close(writing)


@given(
    st.lists(st.binary(min_size=1, max_size=30).filter(lambda path: b"\0" not in path), max_size=30),
    st.integers(1, 40),
)
def test_paths_are_split_the_same_whatever_the_blocks(paths: list[bytes], block: int) -> None:
    file = io.BytesIO(b"\0".join(paths))

    assert [path for path in file_list._split(file, file.read(block), b"\0") if path] == paths
