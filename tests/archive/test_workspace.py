"""Tests of the names in an archive: chosen once, distinct, and without a path; and of its lock."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.archive.workspace import NOTES, NameRequest, Names, Workspace, folder_name, safe
from coredata_async.errors import CoreDataError
from coredata_async.storage.filenames import LONGEST

ANY = st.text(max_size=300)


def named(*wishes: tuple[str, str], known: Names | None = None) -> dict[str, str]:
    names = (known or Names(folder="f")).assign(
        NameRequest(key=f"file:{each}", name=name, id=each) for each, name in wishes
    )
    return {key.removeprefix("file:"): name for key, name in names.given.items()}


def test_a_file_keeps_its_name() -> None:
    assert named(("1", "skýrsla.pdf")) == {"1": "skýrsla.pdf"}


def test_the_second_of_a_name_gets_its_id() -> None:
    assert named(("1", "a.pdf"), ("2", "a.pdf"), ("3", "A.PDF")) == {
        "1": "a.pdf",
        "2": "a (5pm 2).pdf",
        "3": "A (5pm 3).PDF",
    }


def test_a_name_that_is_the_way_out_already_is_not_taken_twice() -> None:
    assert named(("1", "a (5pm 3).pdf"), ("2", "a.pdf"), ("3", "a.pdf"))["3"] == "a (5pm 3) (5pm 3).pdf"


def test_names_once_given_stay_whatever_comes_before_them_later() -> None:
    known = Names(folder="f").assign([NameRequest(key="file:2", name="a.pdf", id="2")])

    assert named(("1", "a.pdf"), ("2", "b.pdf"), known=known) == {"2": "a.pdf", "1": "a (5pm 1).pdf"}


def test_no_file_is_called_like_the_folder_of_documents() -> None:
    assert named(("1", NOTES.upper())) == {"1": f"{NOTES.upper()} (5pm 1)"}


def test_the_same_letters_in_another_form_are_the_same_name() -> None:
    assert named(("1", "é.txt"), ("2", unicodedata.normalize("NFD", "é.txt"))) == {
        "1": "é.txt",
        "2": "é (5pm 2).txt",
    }


def test_a_name_climbs_nowhere() -> None:
    assert named(("1", "../../etc/passwd"), ("2", ".."), ("3", ""), ("4", "a\nb")) == {
        "1": ".._.._etc_passwd",
        "2": "5pm 2",
        "3": "5pm 3",
        "4": "a_b",
    }


def test_two_projects_of_one_name_have_two_folders() -> None:
    assert (folder_name("Audit", "1"), folder_name("Audit", "2")) == ("Audit (5pm 1)", "Audit (5pm 2)")


@given(st.lists(ANY, max_size=20))
def test_all_names_are_distinct_and_safe(wished: list[str]) -> None:
    given = named(*((str(at), name) for at, name in enumerate(wished)))

    folded = {unicodedata.normalize("NFC", name).casefold() for name in given.values()}
    assert len(folded) == len(wished)
    assert not any(set(name) & set("/\\\0\n") or name in {"", ".", ".."} for name in given.values())
    assert all(len(name.encode()) <= LONGEST for name in given.values())


@given(ANY)
def test_the_id_of_a_project_is_always_in_its_folder(name: str) -> None:
    assert folder_name(name, "17").endswith(" (5pm 17)")
    assert len(folder_name(name, "17").encode()) <= LONGEST


@given(ANY)
def test_what_is_safe_stays_as_it_is(name: str) -> None:
    assert safe(safe(name, "1"), "1") == safe(name, "1")


def test_names_are_kept_whatever_the_ids_contain(tmp_path) -> None:
    names = Names(folder="f", given={"file:\ud800": "a.pdf"}, done=frozenset({"file:\ud800"}))
    workspace = Workspace(path=tmp_path)

    workspace.save(names)

    assert workspace.names() == names


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("x" * 5000), lambda path: path.mkdir()])
def test_a_lock_that_cannot_be_used_is_named(tmp_path, spoil) -> None:
    spoil(tmp_path / "lock.sqlite")

    with (
        pytest.raises(CoreDataError, match=r"lock\.sqlite of the archive cannot be used"),
        Workspace(tmp_path).lock(),
    ):
        pass
