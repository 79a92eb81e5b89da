"""Tests of downloads of several files, each under a safe name, verified, without accidental overwriting."""

import errno
import os
import stat
from pathlib import Path

import pytest

from coredata_async.cli.download import distinct


@pytest.fixture
def here() -> Path:
    return Path.cwd()


def names(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_one_file_goes_under_its_own_name(shell, put, here) -> None:
    shell.ok("download", put(b"abc", "a b.txt"))

    assert names(here) == {"a b.txt": b"abc"}


def test_one_file_goes_under_the_name_given(shell, put, here) -> None:
    shell.ok("download", put(b"abc", "a.txt"), "-o", "sub.txt")

    assert names(here) == {"sub.txt": b"abc"}


def test_a_disk_that_is_full_is_reported_with_the_name_of_the_file(shell, put, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = put(b"abc", "a.txt")
    monkeypatch.setattr("coredata_async.transfer.downloads.Download.save", fail)

    done = shell("download", file, "-o", "sub/")

    assert done.code == 1
    assert f"File {file} was not saved as {Path('sub/a.txt')}: No space left on device" in done.err


def test_a_name_that_the_disk_refuses_is_reported_with_the_file(shell, put) -> None:
    file, name = put(b"abc", "a.txt"), "x" * 300

    done = shell("download", file, "-o", name)

    assert done.code == 1
    assert f"File {file} was not saved as {name}: File name too long" in done.err


def test_several_go_into_a_folder_and_colliding_names_are_numbered(shell, put, here) -> None:
    ids = [put(b"1", "a.txt"), put(b"2", "a.txt"), put(b"3", "A.TXT"), put(b"", "b")]

    done = shell.ok("download", *ids, ids[0], "-o", "out", "--json")

    assert names(here / "out") == {"a.txt": b"1", "a (2).txt": b"2", "A (3).TXT": b"3", "b": b""}
    assert sorted(each["id"] for each in done.lines) == sorted(ids)
    assert {Path(each["path"]).name: each["size"] for each in done.lines}["b"] == 0


def test_what_exists_is_not_overwritten_unless_forced(shell, put, here) -> None:
    (here / "a.txt").write_bytes(b"mine")
    file = put(b"theirs", "a.txt")

    done = shell("download", file)

    assert done.code == 1
    assert "--force" in done.err
    assert names(here) == {"a.txt": b"mine"}
    shell.ok("download", file, "--force")
    assert names(here) == {"a.txt": b"theirs"}


def test_a_link_to_nowhere_is_in_the_way_too(shell, put, here) -> None:
    (here / "a.txt").symlink_to("/not/there")

    assert shell("download", put(b"x", "a.txt")).code == 1
    assert (here / "a.txt").is_symlink()


def test_resuming_leaves_alone_what_is_there_and_right(shell, put, here, far) -> None:
    file = put(b"abc", "a.txt")
    shell.ok("download", file)

    shell.ok("download", file, "--resume")
    assert far.state.count("storage.get") == 1

    (here / "a.txt").write_bytes(b"abd")
    assert shell("download", file, "--resume").code == 1


def test_resuming_goes_on_where_it_broke(shell, put, here, far) -> None:
    data = bytes(range(256)) * 8192
    file = put(data, "big.bin")
    far.faults.truncate("storage.get", at=1_000_000)

    assert shell("download", file, "--resume").code == 1
    kept = [each.stat().st_size for each in here.iterdir()]
    shell.ok("download", file, "--resume")

    assert len(kept) == 1
    assert kept[0] > 0
    assert names(here) == {"big.bin": data}
    assert far.state.requests[-1].headers["range"] == f"bytes={kept[0]}-"


def test_wrong_bytes_are_a_mismatch_and_nothing_is_kept(shell, put, here, far) -> None:
    file = put(b"abcdef", "a.txt")
    far.faults.corrupt("storage.get", at=2)

    assert shell("download", file).code == 4
    assert names(here) == {}


def test_of_several_one_that_fails_does_not_stop_the_others(shell, put, here) -> None:
    done = shell("download", "nope", put(b"1", "a"), "--json")

    assert done.code == 1
    assert len(done.lines) == 1
    assert names(here) == {"a": b"1"}
    assert "nope" in done.err


@pytest.mark.parametrize("filename", ["../up.txt", "/etc/up.txt", "..\\up.txt", "a/../../up.txt"])
def test_a_name_from_the_server_climbs_nowhere(filename, shell, put, here, far) -> None:
    file = put(b"x", "a.txt")
    far.state.documents[file].fields["filename"] = filename

    shell.ok("download", file, "-o", "out/")

    assert len(names(here / "out")) == 1
    assert [each.name for each in here.iterdir()] == ["out"]
    assert not (here.parent / "up.txt").exists()


def test_a_file_without_a_name_goes_under_its_id(shell, put, here, far) -> None:
    file = put(b"x", "a.txt")
    far.state.documents[file].fields["filename"] = ""

    shell.ok("download", file)

    assert names(here) == {file: b"x"}


@pytest.mark.parametrize(
    "arguments",
    [(), ("a", "-o", "no/folder/name"), ("a/b",), ("a", "b", "-o", "file"), ("a", "--concurrency", "0")],
)
def test_what_cannot_be_meant_is_a_matter_of_usage(arguments, shell, here) -> None:
    (here / "file").touch()

    assert shell("download", *arguments).code == 2


def test_a_made_up_name_collides_with_nothing_either() -> None:
    assert distinct(["a (2).txt", "a.txt", "a.txt", "a.txt"]) == [
        "a (2).txt",
        "a.txt",
        "a (3).txt",
        "a (4).txt",
    ]


def test_names_that_differ_in_case_or_unicode_form_are_numbered() -> None:
    assert distinct(["\u00e9.txt", "e\u0301.txt", "\u00c9.TXT"]) == [
        "\u00e9.txt",
        "e\u0301 (2).txt",
        "\u00c9 (3).TXT",
    ]


def test_a_file_that_appears_meanwhile_is_not_overwritten_unless_forced(
    shell, put, here, monkeypatch
) -> None:
    file = put(b"theirs", "a.txt")
    fsync = os.fsync

    def appear(number: int) -> None:
        fsync(number)
        (here / "a.txt").write_bytes(b"mine")

    monkeypatch.setattr("coredata_async.storage.atomic.os.fsync", appear)

    done = shell("download", file)

    assert done.code == 1
    assert "--force" in done.err
    assert names(here) == {"a.txt": b"mine"}
    shell.ok("download", file, "--force")
    assert names(here) == {"a.txt": b"theirs"}


def test_a_file_that_appears_after_the_look_is_not_overwritten(shell, put, here, monkeypatch) -> None:
    def appear(_wish: object) -> bool:
        (here / "a.txt").write_bytes(b"mine")
        return False

    monkeypatch.setattr("coredata_async.cli.download._is_done", appear)

    assert shell("download", put(b"theirs", "a.txt")).code == 1
    assert names(here) == {"a.txt": b"mine"}


def test_a_pipe_is_not_replaced(shell, put, here) -> None:
    os.mkfifo(here / "pipe")

    done = shell("download", put(b"x", "a.txt"), "-o", "pipe", "--force")

    assert done.code == 1
    assert "pipe" in done.err
    assert stat.S_ISFIFO((here / "pipe").lstat().st_mode)
