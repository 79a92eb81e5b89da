"""A cluster of one command that is interrupted: the next run goes on, and nothing is left behind."""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from coredata_async.cluster.directory_lock import lock_directory
from coredata_async.cluster.errors import JobLockedError
from coredata_async.cluster.worker import remove_stale
from tests.cluster.fleet import ask, plant

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


def processes_in(directory: Path) -> list[str]:
    """Return the commands of processes that were started for a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            variables = (entry / "environ").read_bytes()
            if str(directory) in command or os.fsencode(directory) in variables:
                found.append(command)
    return found


DRIVER = """
import runpy, sys
from functools import partial
from attrs import evolve
from coredata_async.cli import cluster_jobs
from coredata_async.config import Retry

create = cluster_jobs.ClusterUpload.create
retry = Retry(settle=2.0, probe_gap=0.5)
cluster_jobs.ClusterUpload.create = staticmethod(lambda *options: evolve(create(*options), retry=retry))
cluster_jobs.Cluster.open = partial(cluster_jobs.Cluster.open, lease=3.0)
sys.argv[0] = "coredata"
runpy.run_module("coredata_async", run_name="__main__")
"""
"""The command, with short leases and waits."""


async def begin(box, directory: Path, *more: str, path: str = "photos") -> asyncio.subprocess.Process:
    """Begin an upload with a cluster of its own."""
    made = {
        **os.environ,
        "COREDATA_BASE_URL": box.url,
        "COREDATA_API_USER": box.api_user,
        "COREDATA_API_KEY": box.api_key,
        "XDG_STATE_HOME": str(directory / "state"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DRIVER, "upload", f"{directory}/{path}", "--parent", box.project),
        *("--cluster", "local", *more),
        env=made,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def end(command: asyncio.subprocess.Process) -> tuple[int | None, str]:
    said, _ = await asyncio.wait_for(command.communicate(), 60)
    return command.returncode, said.decode()


async def uploaded(box, count: int) -> None:
    async with asyncio.timeout(60):
        while len(list(box.state.files)) < count:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)


def kept(directory: Path) -> list[Path]:
    return [path for path in (directory / "state").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["SIGINT", "SIGTERM", "SIGKILL"]
)
async def test_an_interrupted_upload_with_a_cluster_of_its_own_is_finished_by_the_next_run(
    box, tmp_path, number: signal.Signals
) -> None:
    paths = plant(tmp_path / "photos", 3, 10)
    box.faults.delay("files.register", 0.3, times=None)
    first = await begin(box, tmp_path, "--concurrency", "1")
    await uploaded(box, 2)
    first.send_signal(number)
    code, said = await end(first)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130), said
    async with asyncio.timeout(20):
        while processes_in(tmp_path):  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.1)
    box.faults.clear()
    assert len(list(box.state.files)) < len(paths)
    assert kept(tmp_path)

    code, said = await end(await begin(box, tmp_path))

    assert code == 0, said
    state = ask(box, "/sandbox/state")
    assert state["duplicates"] == state["files_twice"] == state["folders_twice"] == {}
    assert len(list(box.state.files)) == len(paths)
    assert processes_in(tmp_path) == []
    assert kept(tmp_path) == []


async def test_a_second_run_of_the_same_upload_is_refused_while_the_first_one_works(box, tmp_path) -> None:
    plant(tmp_path / "photos", 1, 10)
    box.faults.delay("files.register", 0.5, times=None)
    first = await begin(box, tmp_path, "--concurrency", "1")
    await uploaded(box, 1)

    code, said = await end(await begin(box, tmp_path))
    done, told = await end(first)

    assert code == 2, said
    assert "another command runs this upload now" in said
    assert done == 0, told
    assert len(list(box.state.files)) == 10
    assert kept(tmp_path) == []


async def test_one_process_works_if_one_is_asked_for(box, tmp_path) -> None:
    plant(tmp_path / "photos", 1, 1)
    box.faults.delay("files.register", 3.0)  # others would have joined by then

    code, said = await end(await begin(box, tmp_path, "--processes", "1"))

    assert code == 0, said
    assert said.count(" joined, with local0") == 1


async def test_an_upload_with_a_wrong_parent_leaves_nothing_behind(box, tmp_path) -> None:
    plant(tmp_path / "photos", 1, 1)

    code, said = await end(await begin(box, tmp_path, "--parent", "nonsense"))

    assert code == 2, said
    assert kept(tmp_path) == []


def test_a_lock_ends_with_its_process_and_holds_for_a_directory_that_is_made_again(tmp_path) -> None:
    directory = tmp_path / "a" / "b"
    with lock_directory(directory, "it"):
        with (
            pytest.raises(JobLockedError, match="another command runs it now"),
            lock_directory(directory, "it"),
        ):
            pass
        shutil.rmtree(directory)
        with lock_directory(directory, "it"):
            pass
    with lock_directory(directory, "it"):
        pass


def test_only_old_journals_of_dead_processes_are_removed(tmp_path) -> None:
    names = ["j.shard.0.1.0.1.journal", "j.shard.0.1.0.1.journal-wal", "j.scan.0.1.scan"]
    for name in (*names, "other"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / "j.shard.0.1.1.1.journal").touch()

    remove_stale(tmp_path)
    remove_stale(tmp_path / "gone")

    assert {path.name for path in tmp_path.iterdir()} == {"other", "j.shard.0.1.1.1.journal"}
