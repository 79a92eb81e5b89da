"""Names that are safe to save under, for any name of a server, and free in a directory."""

import unicodedata
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coredata_async.storage import filenames
from coredata_async.storage.filenames import (
    LONGEST,
    REMEMBERED,
    Ownership,
    alternatives,
    choose_path,
    fold,
    insert_before_suffix,
    safe_filename,
)

NAMES = st.text(st.characters(), max_size=260) | st.text(' ._-/\\:aCON1é́"\n', max_size=20)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("a.txt", "a.txt"),
        ("Þingvellir.pdf", "Þingvellir.pdf"),
        (unicodedata.normalize("NFD", "résumé.txt"), unicodedata.normalize("NFC", "résumé.txt")),
        ("../x", ".._x"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"),
        ("a:b|c?*<>\"'.txt", "a_b_c_____'.txt"),
        ("", "ID"),
        (" ", "ID"),
        (".", "ID"),
        ("..", "ID"),
        ("//", "ID"),
        ("a\x00b\nc", "a_b_c"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("\ud800.txt", "_.txt"),
        (".profile", ".profile"),
        (" a b .txt. . ", "a b .txt"),
        ("report.", "report"),
    ],
)
def test_names_are_made_safe(filename, name):
    assert safe_filename(filename, "ID") == name


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("COM¹", "_COM¹"),
        ("lpt9 .txt", "_lpt9 .txt"),
        ("con.", "_con"),
        ("CONIN$", "_CONIN$"),
        ("console.txt", "console.txt"),
        ("COM10", "COM10"),
        ("a.con", "a.con"),
    ],
)
def test_names_of_windows_devices_are_renamed(filename, name):
    assert safe_filename(filename, "ID") == name


def test_the_other_name_is_made_safe_too():
    assert safe_filename("", "../../etc") == ".._.._etc"
    assert safe_filename("..", "..") == "file"


def test_long_names_keep_their_ending():
    name = safe_filename("þ" * 300 + ".tar.gz", "ID")

    assert len(name.encode()) <= LONGEST
    assert name.endswith(".gz")
    assert safe_filename("." + "x" * 300, "ID").encode()[:2] == b".x"


def test_a_suffix_counts_for_the_length():
    name = safe_filename("x" * 300, "ID", suffix=" (5pm 1)")

    assert len(name) == LONGEST
    assert name.endswith("x (5pm 1)")


def test_what_the_file_system_cannot_encode_is_replaced(monkeypatch):
    monkeypatch.setattr(filenames.sys, "getfilesystemencoding", lambda: "ascii")

    assert safe_filename("café 😀.txt", "ID") == "caf_ _.txt"


@example("con." + "x" * 196, "ID")
@example("x" * 199 + " y", "ID")
@given(NAMES, NAMES)
def test_every_name_is_one_safe_segment_and_stays_as_it_is(filename, otherwise):
    name = safe_filename(filename, otherwise)

    assert name
    assert name not in {".", ".."}
    assert not set(name) & set('/\\<>:"|?*\0\n')
    assert name.isprintable()
    assert 0 < len(name.encode()) <= LONGEST
    assert name == name.strip().rstrip(".")
    assert name == unicodedata.normalize("NFC", name)
    assert safe_filename(name, otherwise) == name


@given(NAMES, st.integers(1, 50))
def test_alternatives_are_distinct_and_safe_too(filename, count):
    given_names = list(islice(alternatives(safe_filename(filename, "ID")), count))

    assert len({fold(name) for name in given_names}) == count
    assert all(len(name.encode()) <= LONGEST for name in given_names)
    assert all("/" not in name for name in given_names)


@pytest.mark.parametrize(
    ("name", "more"),
    [("a.txt", "a (2).txt"), ("a", "a (2)"), (".profile", ".profile (2)"), ("a.tar.gz", "a.tar (2).gz")],
)
def test_a_number_goes_before_the_ending(name, more):
    assert insert_before_suffix(name, " (2)") == more


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.txt", "A.TXT"), ("é", "e\u0301"), ("É", "e\u0301"), ("straße", "STRASSE"), ("ﬁ", "FI")],
)
def test_names_that_some_file_system_takes_for_one_fold_to_one(one, other):
    assert fold(one) == fold(other)


def never(path):
    return False


def test_a_free_name_is_taken_as_it_is(tmp_path):
    assert choose_path(tmp_path, "a.txt", never) == (tmp_path / "a.txt", False)


@pytest.mark.parametrize("taken", ["a.txt", "A.TXT"])
def test_a_taken_name_gets_a_number(tmp_path, taken):
    (tmp_path / taken).touch()
    (tmp_path / "a (2).txt").touch()

    assert choose_path(tmp_path, "a.txt", never) == (tmp_path / "a (3).txt", False)


def test_the_unicode_form_makes_no_other_name(tmp_path):
    (tmp_path / "e\u0301").touch()

    assert choose_path(tmp_path, "\u00e9", never)[0].name == "\u00e9 (2)"


def test_a_dangling_link_takes_a_name(tmp_path):
    (tmp_path / "a").symlink_to("/not/there")

    assert choose_path(tmp_path, "a", never)[0].name == "a (2)"


def test_the_same_file_is_found_under_any_number(tmp_path):
    for name in ("a", "a (2)"):
        (tmp_path / name).touch()

    found = choose_path(tmp_path, "a", lambda path: path.name == "a (2)")

    assert found == (tmp_path / "a (2)", True)


def test_the_latest_owners_are_remembered(tmp_path):
    owners = Ownership()
    for number in range(REMEMBERED + 1):
        owners.remember(tmp_path / str(number), str(number))

    assert not owners.may_own(tmp_path / "1", "other")
    assert owners.may_own(tmp_path / "1", "1")
    assert owners.may_own(tmp_path / "0", "other")  # forgotten
