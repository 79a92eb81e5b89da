"""Workers whose wall clock is set while they work: leases and waits do not depend on it."""

import asyncio
import os
import signal

import pytest

from coredata_async.cluster import ClusterJob
from tests.cluster.fleet import RETRY, check_report, check_service, fleet_of

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

CLOCK = """
import datetime, time
real = time.time
def wrong():
    return real() + (0, 3600, 0, -3600)[int(time.monotonic() / 0.3) % 4]
class Wrong(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(wrong(), tz)
time.time, datetime.datetime = wrong, Wrong
"""
"""Code that every Python process runs at its start."""


async def test_a_clock_that_jumps_by_an_hour_loses_no_lease_and_takes_none_too_early(
    box, server, cluster, tmp_path, monkeypatch
) -> None:
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "clock"))
    box.faults.delay("files.register", 0.6, times=None)
    async with fleet_of(2, box, server, cluster, tmp_path, folders=6, files=40) as (fleet, paths):
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=40)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(job.run())
            [*_, victim] = await fleet.busy(2)
            os.kill(victim, signal.SIGKILL)  # the other one takes its shard, and waits
            report = await running

    check_service(box, paths)
    check_report(report, paths)
    assert report.fences <= 1  # none if it was killed between two shards
