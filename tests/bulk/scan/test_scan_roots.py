import os
from pathlib import Path

import pytest

from coredata_async.bulk.scan.scan import roots
from coredata_async.bulk.states import JobInputError
from coredata_async.errors import ConfigurationError


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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
def test_a_path_is_interpreted_as_by_cp(directory: Path, path: str, last: str, contents: bool) -> None:
    (root,) = roots([path])

    assert root.path == os.fsencode(directory / last)
    assert root.contents is contents
    assert root.is_dir is (last != "file")


def test_the_root_of_the_file_system_has_no_name_so_its_content_goes_into_the_parent() -> None:
    (root,) = roots(["/"])

    assert (root.path, root.contents) == (b"/", True)


@pytest.mark.parametrize(("path", "missing"), [("gone", True), ("file/x", True), ("loop", False)])
def test_a_path_that_does_not_exist_is_distinguished_from_one_that_cannot_be_read(
    directory: Path, path: str, missing: bool
) -> None:
    (directory / "loop").symlink_to("loop")

    with pytest.raises(ConfigurationError, match="cannot be uploaded") as caught:
        roots([path])

    assert isinstance(caught.value, JobInputError) is missing


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("caf\xe9/gone", "'caf\xe9/gone'"),
        (b"caf\xc3\xa9/gone", "'caf\xe9/gone'"),
        (Path("gone"), "'gone'"),
        (b"\xff\n", r"'\xff\n'"),
        ("\u202egone", r"'\u202egone'"),
    ],
)
def test_a_path_that_cannot_be_used_is_shown_as_text_whatever_its_type(directory: Path, path, shown) -> None:
    assert directory.exists()
    with pytest.raises(ConfigurationError) as caught:
        roots([path])

    assert str(caught.value).startswith(f"{shown} cannot be uploaded: ")


def test_a_link_that_the_user_named_is_followed_and_keeps_its_name(directory: Path) -> None:
    (directory / "link").symlink_to("photos")

    (root,) = roots(["link"])

    assert (root.name, root.is_dir) == (b"link", True)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "no PATH was given"),
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
def test_invalid_paths_are_refused_with_the_reason(directory: Path, paths: list[str], message: str) -> None:
    (directory / "broken").symlink_to("nowhere")

    with pytest.raises(ConfigurationError, match=message):
        roots(paths)


def test_neighbours_with_a_common_beginning_are_different_paths(directory: Path) -> None:
    assert directory.exists()
    assert [root.name for root in roots(["photos", "photos-old", "file"])] == [
        b"photos",
        b"photos-old",
        b"file",
    ]


def test_two_slashes_at_the_beginning_are_one(directory: Path) -> None:
    assert [root.path for root in roots([f"/{directory}/photos", f"/{directory}/file"])] == [
        os.fsencode(directory / "photos"),
        os.fsencode(directory / "file"),
    ]
