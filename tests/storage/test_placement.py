"""A path for a downloaded file in a directory."""

import pytest

from coredata_async.storage.placement import REMEMBERED, Ownership, choose_path


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
