import os
from pathlib import Path

import pytest

from coredata_async.bulk.scan.roots import roots
from coredata_async.errors import ConfigurationError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("photos/2024", "photos-old", "other/photos", "other/file"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "last", "contents"),
    [
        ("photos", "photos", False),
        ("photos/", "photos", False),
        ("./photos", "photos", False),
        ("photos/.", "photos", True),
        ("photos//.///", "photos", True),
        (".", "", True),
        ("photos/..", "", False),
        ("file", "file", False),
        (b"photos", "photos", False),
        (Path("photos"), "photos", False),
    ],
)
def test_a_path_is_taken_as_cp_takes_it(here: Path, path: str, last: str, contents: bool) -> None:
    (root,) = roots([path])

    assert root.path == os.fsencode(here / last)
    assert root.contents is contents
    assert root.is_dir is (last != "file")


def test_the_root_of_the_file_system_has_no_name_so_what_is_in_it_goes_straight_into_the_parent() -> None:
    (root,) = roots(["/"])

    assert (root.path, root.contents) == (b"/", True)


def test_a_link_that_the_user_named_is_followed_and_keeps_its_name(here: Path) -> None:
    (here / "link").symlink_to("photos")

    (root,) = roots(["link"])

    assert (root.name, root.is_dir) == (b"link", True)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "say which"),
        ([""], "empty"),
        (["gone"], "gone' cannot be uploaded: No such file"),
        (["file", "gone"], "gone"),
        (["broken"], "No such file"),
        (["nul\0"], "nul"),
        ([b"no\xfftext\n"], r"no\\xfftext\\n"),
        (["\ud800"], r"\\ud800"),
        (["photos", "other/photos"], "same name"),
        (["file", "other/file"], "same name"),
        (["photos", "photos"], "same name"),
        (["photos/.", "file"], "only PATH"),
        (["photos-old", "photos", "photos/2024"], "2024 is in .*photos, which"),
    ],
)
def test_paths_that_cannot_go_are_refused_with_the_reason(here: Path, paths: list[str], words: str) -> None:
    (here / "broken").symlink_to("nowhere")

    with pytest.raises(ConfigurationError, match=words):
        roots(paths)


def test_neighbours_that_begin_alike_are_two(here: Path) -> None:
    assert here.exists()
    assert [root.name for root in roots(["photos", "photos-old", "file"])] == [
        b"photos",
        b"photos-old",
        b"file",
    ]


def test_two_slashes_at_the_beginning_are_one(here: Path) -> None:
    assert [root.path for root in roots([f"/{here}/photos", f"/{here}/file"])] == [
        os.fsencode(here / "photos"),
        os.fsencode(here / "file"),
    ]
