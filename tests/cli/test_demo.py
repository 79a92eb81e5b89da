import json
import os
import subprocess
from pathlib import Path

import pytest

from coredata_async.cli.roundtrip import DemoReport, roundtrip, scan
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


def test_every_file_of_an_odd_folder_is_verified(folder: Path) -> None:
    done = coredata("demo", str(folder), "--json")

    assert done.returncode == 0, done.stderr
    figures = last_line(done)
    assert figures["files"] == figures["uploaded"] == figures["listed"] == figures["verified"] == 7
    assert figures["failed"] == 0
    assert figures["skipped"] == 2
    assert figures["bytes"] == scan(folder).bytes
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
    tally = DemoReport(scan(folder))
    (folder / "empty").unlink()

    async with Sandbox() as box, box.client() as client:
        await roundtrip(client, box.project, tally, 4)

    assert tally.exit_code == 3
    assert [path.name for path, _ in tally.failures] == ["empty"]
    assert tally.verified == len(tally.found.files) - 1


async def test_wrong_bytes_from_the_storage_are_a_mismatch(folder: Path) -> None:
    tally = DemoReport(scan(folder))

    async with Sandbox() as box, box.client() as client:
        box.faults.corrupt("storage.get", at=0, after=1)  # the first is empty
        await roundtrip(client, box.project, tally, 1)

    assert tally.exit_code == 4
    assert tally.verified == len(tally.found.files) - 1
    assert tally.summary()["failed"] == 1


async def test_a_file_the_listing_does_not_show_is_not_verified(folder: Path) -> None:
    tally = DemoReport(scan(folder))

    async with Sandbox() as box, box.client() as client:
        box.faults.listing_lag(seconds=1000)
        await roundtrip(client, box.project, tally, 4)

    assert tally.exit_code == 1
    assert tally.verified == 0
    assert tally.summary()["listed"] == 0
