"""Tests of files that only their owner can read."""

import os
import stat
from pathlib import Path

import pytest

from coredata_async.storage.private import create_private, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_from_its_creation_and_is_not_emptied_if_it_exists(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    create_private(path)
    path.write_bytes(b"x")

    create_private(path)

    assert (path.read_bytes(), mode(path)) == (b"x", 0o600)


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old and longer")
    path.chmod(0o644)

    write_private(path, b"new")

    assert (path.read_bytes(), mode(path), list(tmp_path.iterdir())) == (b"new", 0o600, [path])


def test_what_a_crash_left_is_overwritten_and_a_link_is_not_followed(tmp_path: Path) -> None:
    target, new = tmp_path / "target", tmp_path / "new"
    target.write_bytes(b"untouched")
    new.symlink_to(target)

    write_private(tmp_path / "state", b"data", temporary=new)

    assert (target.read_bytes(), (tmp_path / "state").read_bytes()) == (b"untouched", b"data")
    assert not (tmp_path / "state").is_symlink()


def test_a_failure_keeps_the_earlier_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")

    assert path.read_bytes() == b"old"
