import hashlib
import os
import socket
import stat
import unicodedata
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.classify import LONGEST, EntryClassifier, InvalidNameError, remote_name
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


def test_a_file_of_holes_that_is_larger_than_a_journal_can_add_up_fails() -> None:
    status = os.stat_result((stat.S_IFREG, 1, 1, 1, 0, 0, (1 << 50) + 1, 0, 0, 0))

    entry = EntryClassifier(ALL, Policy(), []).file(b"a", b"a", status)

    assert entry is not None
    assert (entry.state, entry.fingerprint.size) == (State.FAILED, 0)
    assert "1 PiB" in entry.message


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


FAIL, ESCAPE, TRUNCATE = Policy(), Policy(names="escape"), Policy(names="truncate")
AS_IT_IS = Policy(names="escape", unicode="keep")

# Names that a directory can hold, among them those that often cause faults.
ODD = st.sampled_from(
    [b"%", b"%0", b"%0A", b"\n", b"\x7f", b"\\", b".", b" ", b"A", b"\xff", b"\xcc\x81", b"\xc3"]
)
LOCAL = (
    st.one_of(
        st.lists(ODD, min_size=1, max_size=12).map(b"".join),
        st.text(min_size=1, max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(min_size=1, max_size=255),
    )
    .map(lambda name: name.replace(b"\0", b"").replace(b"/", b""))
    .filter(lambda name: name not in {b"", b".", b".."})
)


@pytest.mark.parametrize(
    "name", ["report.pdf", "100% sure.txt", ".hidden", "a b", "~", "skýrsla 2.pdf", "日本", "a" * 255]
)
def test_an_ordinary_name_is_not_changed(name: str) -> None:
    for policy in (FAIL, ESCAPE, TRUNCATE):
        assert remote_name(name.encode(), policy) == name


def test_a_name_is_normalised_to_nfc_unless_the_policy_keeps_it() -> None:
    stored = unicodedata.normalize("NFD", "skýrsla").encode()

    assert remote_name(stored, FAIL) == "skýrsla"
    assert remote_name(stored, Policy(unicode="keep")).encode() == stored


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (b"", "empty"),
        (b"a\nb", "control"),
        (b"a\x7f", "control"),
        ("a\x85b".encode(), "control"),
        (b"a\\b", "backslash"),
        (b"a/b", "slash"),
        (b"..", "dot"),
        (b".", "dot"),
        (b"a.", "dot"),
        (b"a ", "space"),
        (b"   ", "space"),
        ("\u3000".encode(), "space"),
        (b"a\xff", "UTF-8"),
        (b"\xed\xa0\x80", "UTF-8"),
        ("þ".encode() * 128, "256 bytes"),
    ],
)
def test_a_forbidden_name_is_refused_with_the_reason(name: bytes, fault: str) -> None:
    with pytest.raises(InvalidNameError, match=fault) as caught:
        remote_name(name, FAIL)

    assert caught.value.reason is Reason.NAME
    assert "rename" in caught.value.message


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        (b"a\nb", "a%0Ab"),
        (b"a\\b", "a%5Cb"),
        (b"a.", "a%2E"),
        (b"a..", "a.%2E"),
        (b"a ", "a%20"),
        (b"a\xff.txt", "a%FF.txt"),
        ("a\x85".encode(), "a%C2%85"),
        (b"100%", "100%"),
        (b"100%25", "100%2525"),
        (b"%0A", "%250A"),
        (b"%\n", "%%0A"),
        ("\n\u0301".encode(), "%0A%CC%81"),
    ],
)
def test_forbidden_characters_are_written_as_their_bytes(name: bytes, escaped: str) -> None:
    assert remote_name(name, ESCAPE) == escaped
    assert remote_name(name, TRUNCATE) == escaped


@given(LOCAL)
@example(b"%\xff")
@example(b"%4\n")
@example(b"%%41")
def test_an_escaped_name_can_be_decoded_so_different_names_stay_different(name: bytes) -> None:
    try:
        escaped = remote_name(name, AS_IT_IS)
    except InvalidNameError:
        assert len(name) > LONGEST // 3  # too long once it is escaped
        return

    assert unquote_to_bytes(escaped) == name


@given(LOCAL, LOCAL)
def test_two_names_become_equal_only_if_they_are_the_same_text(one: bytes, other: bytes) -> None:
    texts = {unicodedata.normalize("NFC", each.decode("utf-8", "surrogateescape")) for each in (one, other)}
    try:
        names = {remote_name(one, ESCAPE), remote_name(other, ESCAPE)}
    except InvalidNameError:
        return

    assert len(names) == len(texts)


@given(LOCAL, st.sampled_from([ESCAPE, TRUNCATE]))
def test_every_remote_name_would_itself_be_accepted(name: bytes, policy: Policy) -> None:
    try:
        made = remote_name(name, policy)
    except InvalidNameError:
        assert policy is ESCAPE
        return

    assert unicodedata.is_normalized("NFC", made)
    assert remote_name(made.encode(), FAIL) == made


def test_a_long_name_is_cut_between_its_beginning_and_its_extension() -> None:
    name = ("þ" * 200 + ".pdf").encode()

    cut = remote_name(name, TRUNCATE)

    assert cut == "þ" * 121 + f"~{hashlib.sha256(name).hexdigest()[:8]}.pdf"
    assert len(cut.encode()) == LONGEST
    assert remote_name(name[:-5] + b"x.pdf", TRUNCATE) != cut
    with pytest.raises(InvalidNameError, match="truncate"):
        remote_name(name, ESCAPE)


@pytest.mark.parametrize("name", [b"a" * 300, b"a" + b".b" * 150, b"." + b"c" * 300, b"a." + b"\n" * 254])
def test_a_name_without_a_short_extension_is_cut_at_its_end(name: bytes) -> None:
    cut = remote_name(name, TRUNCATE)

    assert len(cut.encode()) <= LONGEST
    assert cut[0] == chr(name[0])
    assert remote_name(cut.encode(), FAIL) == cut
