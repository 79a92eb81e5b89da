"""A watch over a job looks at the tables often enough, and not too often."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from coredata_async.bulk.options import JobSpec
from coredata_async.cli.cluster_jobs import ClusterOutput
from coredata_async.cluster import ClusterJob
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.events import AttemptFailed, WorkerJoined, WorkerLost
from coredata_async.cluster.messages import JobRecord, Source
from coredata_async.cluster.progress import Progress
from coredata_async.cluster.table import Row
from coredata_async.cluster.watch import LOOK, JobWatch, choose_pause
from tests.cluster.memory import MemoryTable


@pytest.mark.parametrize(
    ("took", "pause"), [(0.0, LOOK), (0.01, LOOK), (0.2, 2.0), (10.0, 15.0), (60.0, 15.0)]
)
def test_large_tables_are_looked_at_less_often_and_a_slow_look_delays_the_next_one_by_seconds(
    took: float, pause: float
) -> None:
    assert choose_pause(took) == pause


class SilentJobs:
    """A table of jobs whose server does not answer."""

    def __init__(self) -> None:
        self.looks = 0

    async def get(self, job: str) -> JobRecord:
        self.looks += 1
        await asyncio.sleep(0.4)
        raise ClusterError("no answer")


class SilentCluster:
    async def table(self, name: str) -> MemoryTable:
        return MemoryTable()


async def test_a_look_that_failed_after_a_long_time_is_soon_followed_by_another() -> None:
    jobs = SilentJobs()
    record = JobRecord(id="a", sources=(Source("fs01", "."),), parent="p", spec=JobSpec(), created=1.0)
    watch = JobWatch(cluster=SilentCluster(), jobs=jobs, record=record, publish=lambda event: None)

    with suppress(TimeoutError):
        async with asyncio.timeout(2 * (LOOK + 0.4) + 0.2):
            await watch.run()

    assert jobs.looks == 3


class WorkerTable(MemoryTable):
    """A table of workers, with the times of the server at which they were written."""

    def __init__(self, ages: dict[str, float]) -> None:
        super().__init__()
        self.ages = ages
        self.deleted: list[str] = []

    async def rows(self) -> dict[str, Row]:
        fields = {"host": "fs01", "shares": ["fs01"], "length": 30.0}
        now = datetime(2026, 11, 29, tzinfo=UTC)
        return {
            key: Row(key, fields, int(age), now - timedelta(seconds=age)) for key, age in self.ages.items()
        }

    async def delete(self, key: str, revision: int) -> bool:
        self.deleted.append(key)
        return True


async def test_a_machine_that_was_lost_before_is_shown_as_lost_once_and_dropped_after_an_hour(
    monkeypatch,
) -> None:
    table = WorkerTable({"alive": 7, "lost": 31, "long ago": 3601})
    record = JobRecord(id="a", sources=(Source("fs01", "."),), parent="p", spec=JobSpec(), created=1.0)
    events: list[object] = []
    cluster = SilentCluster()
    monkeypatch.setattr(cluster, "table", lambda name: asyncio.sleep(0, table))
    watch = JobWatch(cluster=cluster, jobs=SilentJobs(), record=record, publish=events.append)

    for _ in range(2):
        table.ages["present"] = 0  # another worker, which shows the present time of the server
        await watch._look_at_workers()

    joined = {event.worker for event in events if isinstance(event, WorkerJoined)}
    lost = [event.worker for event in events if isinstance(event, WorkerLost)]
    assert joined == {"alive", "present"}
    assert lost == ["lost"]
    assert set(table.deleted) == {"long ago"}


def test_each_failed_attempt_is_shown_once_with_its_reason_until_the_scan_is_given_up(capsys) -> None:
    record = JobRecord(id="a", sources=(Source("fs01", "nope"),), parent="p", spec=JobSpec(), created=1.0)
    events: list[object] = []
    watch = JobWatch(cluster=SilentCluster(), jobs=SilentJobs(), record=record, publish=events.append)

    def look(failures: int, state: str = "open") -> None:
        attempts = [{"reason": "no such file"}] * failures
        fields = {"state": state, "failures": failures, "refusals": failures, "attempts": attempts}
        watch._show_attempts(Progress((Row("scan.0", fields, 1),), (), 1))

    for failures in (0, 1, 1, 2, 0, 1):  # another command has let it be tried again
        look(failures)
    look(3, "dead")

    assert [event.attempt for event in events] == [1, 2, 1]
    assert events[0] == AttemptFailed(
        shard="scan.0", source="fs01:/nope", reason="no such file", attempt=1, max_attempts=3
    )
    ClusterOutput(None, quiet=True).take(events[0])
    assert "scan of fs01:/nope failed: no such file (attempt 1 of 3)" in capsys.readouterr().err


class DeafCluster:
    async def listen(self, subject: str, receive: object) -> None:
        raise ClusterError("no answer")


async def test_a_job_whose_events_cannot_be_received_fails_and_is_not_waited_for() -> None:
    job = ClusterJob(DeafCluster(), ["fs01:/"], parent="3f2504e0-4f89-11d3-9a0c-0305e82c3301")  # type: ignore[arg-type]
    watched = SimpleNamespace(record=SimpleNamespace(id="job"), receive=None)
    job._watching = asyncio.create_task(job._run_watch(watched))  # type: ignore[arg-type]

    for _ in range(2):  # two tasks may read the events
        with pytest.raises(ClusterError, match="no answer"):
            await asyncio.wait_for(anext(job), 5)
