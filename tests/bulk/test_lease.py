"""Lease of a worker: its duration, its renewal, and the effect of the kernel, tested with signals."""

import os
import select
import signal
import subprocess
import sys
import time
from math import inf
from pathlib import Path

import psutil
import pytest

from coredata_async.bulk.lease import ParentLease, Unlimited


@pytest.fixture
def clock():
    """Clock of leases, set by the test."""
    return [100.0]


@pytest.fixture
def alarms():
    return []


@pytest.fixture
def lease(clock, alarms):
    return ParentLease(os.getppid(), alarms.append, lambda: clock[-1])


def test_the_lease_of_a_single_process_never_ends() -> None:
    assert Unlimited().is_valid(1e9)


def test_a_lease_is_valid_until_its_end_less_the_margin(lease, clock) -> None:
    lease.renew(130.0)
    assert lease.is_valid(29.9)
    assert not lease.is_valid(30.0)

    clock.append(129.0)
    assert lease.is_valid(0.0)
    assert not lease.is_valid(2.0)
    clock.append(130.0)
    assert not lease.is_valid(0.0)


def test_each_renewal_sets_the_alarm_to_the_new_end(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(110.0)
    lease.renew(135.0)

    assert alarms == [130.0, 135.0]


def test_a_first_lease_that_has_ended_on_arrival_is_not_valid(lease, clock, alarms) -> None:
    lease.renew(99.0)

    assert not lease.is_valid(0.0)
    assert alarms == []


def test_a_renewal_that_arrives_after_its_end_extends_nothing(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(140.0)
    lease.renew(135.0)

    assert not lease.is_valid(0.0)
    assert alarms == [130.0]


def test_a_lease_is_not_valid_without_the_parent() -> None:
    lease = ParentLease(-1, lambda until: None)

    assert lease.until == inf
    assert not lease.is_valid(0.0)


HERE = Path(__file__).parents[2]
LEASED = """
import os, signal, sys
from coredata_async.bulk.lease import ParentLease, accept_alarm, kill_at
from coredata_async.fence import read_clock
accept_alarm()
lease = ParentLease(os.getppid(), kill_at)
lease.renew(read_clock() + 0.3)
while True:
    if lease.is_valid(0.0):
        os.write(1, b"x")
"""
DEAF = "import os, signal; signal.signal(signal.SIGALRM, signal.SIG_IGN); "
DEAF += "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM}); "
ORPHAN = """
import os, signal, subprocess, sys, time
code = "import os, sys, time; from coredata_async.bulk.lease import die_with; " \\
    "die_with(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(30)"
subprocess.Popen([sys.executable, "-c", code, sys.argv[1] or str(os.getpid())])
time.sleep(30)
"""


def run(code: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=HERE, stdout=subprocess.PIPE)


def drain(pipe: int, seconds: float) -> bytes:
    """Read all data of this many seconds, or until the end."""
    until, found = time.monotonic() + seconds, b""
    while (left := until - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
        if not (block := os.read(pipe, 1 << 16)):
            break
        found += block
    return found


@pytest.mark.parametrize("moment", [0.01, 0.06, 0.11, 0.17])
def test_a_process_that_was_stopped_beyond_its_lease_does_not_continue(moment: float) -> None:
    process = run(LEASED)
    pipe = process.stdout.fileno()
    try:
        assert os.read(pipe, 1) == b"x"
        drain(pipe, moment)
        process.send_signal(signal.SIGSTOP)
        drain(pipe, 0.5)
        process.send_signal(signal.SIGCONT)
        assert drain(pipe, 5) == b""
        assert process.wait(5) == -signal.SIGALRM
    finally:
        process.kill()
        process.communicate()


def test_the_alarm_kills_even_if_the_program_ignored_and_blocked_it() -> None:
    child = (
        "import time; from coredata_async.bulk import lease; from coredata_async.fence import read_clock; "
    )
    child += "lease.accept_alarm(); lease.kill_at(read_clock() + 0.1); time.sleep(20)"
    code = DEAF + f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))"
    with run(code) as process:
        assert process.wait(20) == 256 - signal.SIGALRM


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_a_stopped_process_dies_with_its_parent() -> None:
    with run(ORPHAN, "") as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        child.suspend()
        parent.kill()
        _, alive = psutil.wait_procs([child], 5)
    assert alive == []


def test_a_process_whose_parent_died_before_the_check_ends_at_once() -> None:
    code = "import sys; from coredata_async.bulk.lease import die_with; die_with(1); sys.exit(3)"
    with run(code) as process:
        assert process.wait(20) == 0
