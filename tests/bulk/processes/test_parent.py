"""The parent is killed, or interrupted: workers end with it, and any number of processes goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.bulk.processes.rig import kill, workers
from tests.bulk.rig import check_mirrored, some_tree, until

HERE = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "coredata_async", "upload"]


@pytest.fixture
def tree(tmp_path):
    return some_tree(tmp_path / "tree", 60)


async def gone(processes: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 5)
    assert alive == []


@pytest.mark.parametrize("then", [1, 3])
async def test_a_parent_that_is_killed_takes_its_workers_along_and_another_number_goes_on(
    far, many_jobs, tree, then
) -> None:
    far.faults.delay("files.register", 0.1, times=None)
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bulk.processes.victim"),
        *(far.url, far.api_user, far.api_key, far.project, str(tree), str(many_jobs.journal), "2"),
        cwd=HERE,
    )
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


async def test_workers_that_hang_do_nothing_more_when_the_job_was_resumed_without_them(
    far, many_jobs, tree
) -> None:
    far.faults.delay("storage.put", 0.05, times=None)
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bulk.processes.victim"),
        *(far.url, far.api_user, far.api_key, far.project, str(tree), str(many_jobs.journal), "2"),
        cwd=HERE,
    )
    await until(lambda: len(far.state.files) >= 10)
    theirs = workers(victim.pid)
    for worker in theirs:
        worker.suspend()
    kill(victim.pid)
    await victim.wait()
    far.faults.clear()
    ran = await many_jobs.run(tree)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")

    for worker in theirs:
        worker.resume()
    await gone(theirs)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_ctrl_c_ends_the_command_in_good_order_and_the_job_resumes(far, tree, tmp_path) -> None:
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
        start_new_session=True,  # as a terminal gives it a group of its own
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
