"""The parent is killed, or interrupted: workers end with it, and any number of processes resumes the job."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from coredata_async.errors import ConfigurationError
from tests.bulk.rig import check_mirrored, some_tree, until
from tests.bulk.workers.rig import kill, workers

HERE = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "coredata_async", "upload"]


@pytest.fixture
def tree(tmp_path):
    return some_tree(tmp_path / "tree", 60)


async def gone(processes: list[psutil.Process]) -> None:
    await until(lambda: not any(map(is_alive, processes)))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # a stopped parent cannot reap it
    except psutil.NoSuchProcess:
        return False


async def start_victim(far, jobs, tree: Path, *lease: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bulk.workers.victim"),
        *(far.url, far.api_user, far.api_key, far.project, str(tree), str(jobs.journal), "2", *lease),
        cwd=HERE,
    )


async def stop_workers(far, victim: asyncio.subprocess.Process) -> list[psutil.Process]:
    """Stop the workers in the middle of their work."""
    await until(lambda: len(far.state.files) >= 10)
    theirs = psutil.Process(victim.pid).children()
    assert len(theirs) == 2
    for worker in theirs:
        worker.suspend()
    return theirs


def resume(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


@pytest.mark.parametrize("then", [1, 3])
async def test_workers_end_with_a_killed_parent_and_another_number_resumes(
    far, many_jobs, tree, then
) -> None:
    far.faults.delay("files.register", 0.1, times=None)
    victim = await start_victim(far, many_jobs, tree)
    await until(lambda: len(far.state.files) >= 10)
    theirs = workers(victim.pid)
    assert len(theirs) == 2

    kill(victim.pid)
    await victim.wait()
    await gone(theirs)
    registered = far.state.count("files.register")
    assert registered < 60
    far.faults.clear()

    ran = await many_jobs.run(tree, processes=then)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_workers_that_were_stopped_die_with_their_parent_and_the_job_is_resumed_without_them(
    far, many_jobs, tree
) -> None:
    far.faults.delay("storage.put", 0.05, times=None)
    victim = await start_victim(far, many_jobs, tree)
    theirs = await stop_workers(far, victim)
    kill(victim.pid)
    await victim.wait()
    if sys.platform == "linux":
        await gone(theirs)
    far.faults.clear()
    ran = await many_jobs.run(tree)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")

    resume(theirs)
    await gone(theirs)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_workers_that_were_stopped_beyond_their_lease_register_nothing(far, many_jobs, tree) -> None:
    far.faults.delay("storage.put", 0.05, times=None)
    victim = await start_victim(far, many_jobs, tree, "2.5")
    theirs = await stop_workers(far, victim)
    await asyncio.sleep(0.3)  # the parent continues meanwhile: they are to register the stored files
    kill(victim.pid)
    await victim.wait()
    ended = time.monotonic()
    far.faults.clear()
    ran = await many_jobs.run(tree)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")
    assert all(each.status() == psutil.STATUS_STOPPED for each in theirs)

    await asyncio.sleep(max(0, ended + 2.6 - time.monotonic()))
    resume(theirs)
    await gone(theirs)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_a_stopped_job_keeps_its_journal_and_continues_with_new_workers(far, many_jobs, tree) -> None:
    far.faults.delay("files.register", 0.1, times=None)
    victim = await start_victim(far, many_jobs, tree, "2")
    await until(lambda: len(far.state.files) >= 10)
    theirs = psutil.Process(victim.pid).children()
    victim.send_signal(signal.SIGSTOP)
    with pytest.raises(ConfigurationError, match=f"process {victim.pid}"):
        await many_jobs.run(tree)
    await gone(theirs)  # nothing renews their leases

    far.faults.clear()
    victim.send_signal(signal.SIGCONT)
    assert await victim.wait() == 0
    check_mirrored(far, await many_jobs.run(tree), tree, below=far.project, inside="tree")


async def test_ctrl_c_drains_the_command_and_the_job_resumes(far, tree, tmp_path) -> None:
    far.faults.delay("storage.put", 0.2, times=None)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COREDATA_")},
        "COREDATA_BASE_URL": far.url,
        "COREDATA_API_USER": far.api_user,
        "COREDATA_API_KEY": far.api_key,
    }
    arguments = (str(tree), "--parent", far.project, "--job", str(tmp_path / "job.sqlite"))
    command = await asyncio.create_subprocess_exec(
        *(*COMMAND, *arguments, "--processes", "2", "--concurrency", "8"),
        env=environment,
        cwd=HERE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a terminal also gives it a separate group
    )
    await until(lambda: far.state.count("storage.put") >= 2)
    theirs = workers(command.pid)
    os.killpg(command.pid, signal.SIGINT)
    _, words = await command.communicate()

    assert command.returncode == 130, words.decode()
    assert b"Traceback" not in words
    await gone(theirs)
    assert 0 < len(far.state.files) < 60

    far.faults.clear()
    again = await asyncio.create_subprocess_exec(
        *(*COMMAND, *arguments, "--quiet"), env=environment, cwd=HERE
    )
    assert await again.wait() == 0
    assert len(far.state.files) == 60
    assert set(far.state.files_per_blob().values()) == {1}
