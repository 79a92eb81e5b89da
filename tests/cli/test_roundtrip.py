import errno
import os
import socket
from pathlib import Path

import pytest

from coredata_async.cli.roundtrip import readable, scan
from coredata_async.errors import ConfigurationError


def test_regular_files_are_found_at_any_depth_with_their_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "empty").touch()

    found = scan(tmp_path)

    assert {(path.relative_to(tmp_path).as_posix(), size) for path, size in found.files} == {
        ("a", 2),
        ("sub/deep/empty", 0),
    }
    assert found.bytes == 2


def test_links_are_counted_and_not_followed_even_round_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to(tmp_path)

    found = scan(tmp_path)

    assert [path.name for path, _ in found.files] == ["file"]
    assert sorted(path.name for path, _ in found.skipped) == ["broken", "circle", "to-file"]


def test_pipes_and_sockets_are_counted_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))

        found = scan(tmp_path)

    assert found.files == []
    assert sorted(path.name for path, _ in found.skipped) == ["pipe", "socket"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone/\.' cannot be uploaded: No such file or directory"):
        scan(tmp_path / "gone")


def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(_: bytes) -> object:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("os.scandir", shut)

    assert [(path, "Permission denied" in why) for path, why in scan(tmp_path).unreadable] == [
        (tmp_path, True)
    ]


def test_a_name_that_is_not_text_becomes_text() -> None:
    assert readable(Path(os.fsdecode(b"sk\xfd rsla.txt"))) == "sk\\xfd rsla.txt"
    assert readable(Path("skýrsla.txt")) == "skýrsla.txt"
