"""The kernel ends a process that is frozen past its lease, and leaves others alone."""

import os
import signal
import subprocess
import sys
import time

import pytest

from coredata_async.fence import Fence, read_clock

pytestmark = pytest.mark.slow


PROGRAM = """
import os, signal, sys, time
from coredata_async.fence import process_fence, read_clock
with process_fence().guard(read_clock() + 0.3) as extend:
    if "extend" in sys.argv:
        extend(read_clock() + 60)
    if "freeze" in sys.argv:
        print("frozen", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
    elif "block" in sys.argv:
        time.sleep(5)
time.sleep(0.6)
print("alive")
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="the timer is a part of Linux")


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    return done.returncode, done.stdout


@linux
def test_a_process_that_leaves_the_guard_in_time_lives_on() -> None:
    assert run() == (0, "alive\n")


@linux
def test_a_frozen_process_is_killed() -> None:
    assert run("freeze") == (-signal.SIGKILL, "frozen\n")


@linux
def test_a_blocked_process_is_killed() -> None:
    assert run("block") == (-signal.SIGKILL, "")


@linux
def test_an_extended_lease_lets_a_frozen_process_continue() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "freeze", "extend"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "frozen\n"
    time.sleep(0.6)
    os.kill(process.pid, signal.SIGCONT)

    assert process.communicate(timeout=30)[0] == "alive\n"
    assert process.returncode == 0


def test_the_earliest_of_all_leases_counts() -> None:
    ends: list[float | None] = []
    fence = Fence(ends.append)

    with fence.guard(30.0), fence.guard(20.0) as extend:
        extend(50.0)

    assert ends == [30.0, 20.0, 30.0, 30.0, None]


def test_the_clock_of_leases_runs() -> None:
    before = read_clock()

    assert before <= read_clock() < before + 5
