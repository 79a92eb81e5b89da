"""Each key becomes one File, regardless of the point at which the uploading process is killed or frozen."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from hashlib import md5

import pytest

from coredata_async.sandbox import SandboxThread

from .victim import content_of

WRITES = 3
KILLED = [f"write-{when}-{number}" for number in range(1, WRITES + 1) for when in ("before", "after")]
KILLED += ["sent", "sending", "posted"]
ALL = 100
"""More registrations than there are, so that each is in flight long enough, in whatever order they come."""
FROZEN = [f"freeze-{point}" for point in KILLED]
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def service():
    with SandboxThread() as box:
        yield box


class Victim:
    """One child process that uploads one message."""

    def __init__(self, box, address: str) -> None:
        self._arguments = (box.url, box.api_user, box.api_key, box.project, address)

    async def start(self, message: str, point: str) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "tests.records.victim", *self._arguments, message, point)
        return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def _crash_and_repeat(victim: Victim, message: str, point: str) -> tuple[str, int | None]:
    """Let one process fail at the point, then a second one upload the same message; wake the first one."""
    first = await victim.start(message, point)
    assert first.stdout is not None
    reached = ""
    while not reached.startswith("at "):  # on a slow machine, it may be Busy first
        reached = (await first.stdout.readline()).decode().strip()
        assert reached, f"the first process did not reach {point}"
    second = await victim.start(message, "none")
    output = (await second.communicate())[0].decode().splitlines()
    with contextlib.suppress(ProcessLookupError):
        os.kill(first.pid, signal.SIGCONT)
    await asyncio.wait_for(first.communicate(), 60)
    return (f"{reached} {output[-1].split()[0]}", first.returncode)


async def _run(box, address: str, points: list[str]) -> dict[str, tuple[str, int | None]]:
    victim = Victim(box, address)
    results: dict[str, tuple[str, int | None]] = {}

    async def one(point: str) -> None:
        results[point] = await _crash_and_repeat(victim, f"message-{point}", point)

    async with asyncio.TaskGroup() as group:
        for point in points:
            group.create_task(one(point))
    return results


def _files(box) -> Counter[tuple[str, str]]:
    return Counter((str(file.fields["filename"]), str(file.fields["digest"])) for file in box.state.files)


def _expected(points: list[str]) -> Counter[tuple[str, str]]:
    messages = [f"message-{point}" for point in points]
    return Counter({(f"{each}.txt", md5(content_of(each)).hexdigest()): 1 for each in messages})


async def test_a_killed_process_is_continued_by_another_one(service, address) -> None:
    service.faults.delay("files.register", 1.5, times=ALL)

    results = await _run(service, address, KILLED)

    assert results == {point: (f"at {point} Uploaded", -signal.SIGKILL) for point in KILLED}
    assert _files(service) == _expected(KILLED)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a timer that ends a frozen process")
async def test_a_process_that_was_frozen_creates_no_second_file(service, address) -> None:
    service.faults.delay("files.register", 1.5, times=ALL)

    results = await _run(service, address, FROZEN)

    assert {outcome for outcome, _ in results.values()} == {
        f"at {point.removeprefix('freeze-')} Uploaded" for point in FROZEN
    }
    # Between the last check and the response, only the kernel can stop the process.
    assert {results[f"freeze-{point}"][1] for point in ("sending", "posted")} == {-signal.SIGKILL}
    assert _files(service) == _expected(FROZEN)
