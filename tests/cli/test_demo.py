import errno
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coredata_async import ConfigurationError, Exchanged, Retry
from coredata_async.cli.demo import upload_and_compare
from coredata_async.sandbox import Sandbox
from tests.cli.command import coredata


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files such as real folders contain."""
    odd = tmp_path / "odd"
    (odd / "sub folder").mkdir(parents=True)
    (odd / "empty").touch()
    (odd / "Þingvellir 'n' \"quotes\" & +%.txt").write_text("blessuð")
    (odd / "sub folder" / "no ending").write_bytes(os.urandom(70_000))
    (odd / "sub folder" / "large.bin").write_bytes(os.urandom(3_000_001))
    (odd / os.fsdecode(b"latin-\xe9.txt")).write_bytes(b"x")
    (odd / ("n" * 255)).write_bytes(b"long name")
    (odd / "new\nline").write_bytes(b"odd")
    (odd / "link").symlink_to("empty")
    (odd / "broken").symlink_to("nowhere")
    return odd


def is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def test_every_file_of_an_odd_folder_is_verified(folder: Path) -> None:
    done = coredata("demo", str(folder), "--json")

    assert done.returncode == 0, done.stderr
    figures = last_line(done)
    assert figures["files"] == figures["uploaded"] == figures["listed"] == figures["verified"] == 7
    assert figures["failed"] == 0
    assert figures["skipped"] == 2
    assert figures["bytes"] == sum(each.lstat().st_size for each in folder.rglob("*") if is_regular(each))
    assert figures["seconds"] > 0


def test_without_json_the_table_is_on_stdout_and_messages_are_on_stderr(folder: Path) -> None:
    done = coredata("demo", str(folder))

    assert done.returncode == 0
    assert "downloaded and verified" in done.stdout
    assert "starting a sandbox" not in done.stdout
    assert "starting a sandbox" in done.stderr


def test_an_empty_folder_is_not_a_failure(tmp_path: Path) -> None:
    done = coredata("demo", str(tmp_path), "--json")

    assert done.returncode == 0
    assert last_line(done)["files"] == 0


def test_by_default_it_uploads_the_package_itself() -> None:
    done = coredata("demo", "--json")

    assert done.returncode == 0
    assert last_line(done)["verified"] > 50


def test_a_folder_that_is_not_there_is_a_matter_of_usage() -> None:
    done = coredata("demo", "/not/there")

    assert done.returncode == 2
    assert "/not/there" in done.stderr


async def test_a_file_that_vanishes_fails_alone_and_the_exit_code_says_sources(folder: Path) -> None:
    def remove(event: Exchanged) -> None:
        if event.method == "PUT":  # the first one: the files of the folder itself come before those below
            (folder / "sub folder" / "large.bin").unlink(missing_ok=True)

    async with Sandbox() as box, box.client(hooks=[remove]) as client:
        result = await upload_and_compare(client, box.project, folder, 1)

    assert result.exit_code == 3
    assert [Path(path).name for path in result.failures] == ["large.bin"]
    assert result.summary()["verified"] == result.summary()["files"] - 1


async def test_wrong_bytes_from_the_storage_are_a_mismatch(folder: Path) -> None:
    async with Sandbox() as box, box.client() as client:
        box.faults.corrupt("storage.get", at=0, after=1)  # the first is empty
        result = await upload_and_compare(client, box.project, folder, 1)

    assert result.exit_code == 4
    assert result.summary()["verified"] == result.summary()["files"] - 1
    assert result.summary()["failed"] == 1


async def test_a_file_the_listing_does_not_show_is_not_verified(folder: Path) -> None:
    async with Sandbox() as box, box.client(retry=Retry(settle=0, probe_gap=0)) as client:
        box.faults.listing_lag(seconds=1000)
        result = await upload_and_compare(client, box.project, folder, 4)

    assert result.exit_code == 1
    assert result.summary()["verified"] == 0
    assert result.summary()["listed"] == 0


async def figures(folder: Path) -> dict[str, float]:
    async with Sandbox() as box, box.client() as client:
        return (await upload_and_compare(client, box.project, folder, 4)).summary()


async def test_regular_files_are_found_at_any_depth_with_their_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "empty").touch()

    found = await figures(tmp_path)

    assert (found["files"], found["bytes"], found["verified"]) == (2, 2, 2)


async def test_links_are_counted_and_not_followed_even_round_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to(tmp_path)

    found = await figures(tmp_path)

    assert (found["files"], found["verified"], found["skipped"], found["failed"]) == (1, 1, 3, 0)


async def test_pipes_and_sockets_are_counted_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))

        found = await figures(tmp_path)

    assert (found["files"], found["skipped"], found["failed"]) == (0, 2, 0)


async def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async with Sandbox() as box, box.client() as client:
        with pytest.raises(
            ConfigurationError, match=r"gone/\.' cannot be uploaded: No such file or directory"
        ):
            await upload_and_compare(client, box.project, tmp_path / "gone", 4)


async def test_a_folder_that_cannot_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def shut(path: Any) -> Any:
        if path in (str(tmp_path), os.fsencode(tmp_path)):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", shut)

    async with Sandbox() as box, box.client() as client:
        result = await upload_and_compare(client, box.project, tmp_path, 4)

    assert result.exit_code == 3
    assert ["Permission denied" in reason for reason in result.failures.values()] == [True]


async def test_names_that_are_not_text_are_shown_as_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"sk\xfd rsla.txt")).write_bytes(b"1")

    async with Sandbox() as box, box.client() as client:
        box.faults.status("storage.put", 400)
        result = await upload_and_compare(client, box.project, tmp_path, 4)

    assert [*result.failures] == [f"{tmp_path}/sk\\xfd rsla.txt"]
