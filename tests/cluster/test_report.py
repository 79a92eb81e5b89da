"""The merged report of a job, parts of which the object store has lost."""

import pytest

from coredata_async.bulk.options import JobSpec
from coredata_async.cluster.messages import JobRecord, parse_sources
from coredata_async.cluster.progress import Progress
from coredata_async.cluster.report import read_report

pytestmark = [pytest.mark.servers, pytest.mark.timeout(60)]


async def test_a_report_that_is_lost_is_replaced_by_the_counts_of_the_entry(cluster) -> None:
    sources = parse_sources(["fs01:/"])
    job = JobRecord(id="j", sources=sources, parent="p", spec=JobSpec(), created=1.0, state="complete")
    table = await cluster.table(job.table)
    totals = {"shards": 1, "files": 9, "bytes": 90}
    await table.create("scan.0", {"state": "planned", "plan": 1, "published": True, **totals})
    counts = {"files": 9, "bytes": 90, "done": 5, "done_bytes": 50, "skipped": 2, "failed": 1}
    await table.create("shard.0.1.0", {"state": "done", "report": 1, "epoch": 1, **counts})

    report = await read_report(cluster, job, await Progress.read(table, job))

    assert report.adds_up
    found = (report.counts.planned, report.counts.done, report.counts.skipped, report.counts.failed)
    assert found == (9, 5, 2, 1)
    assert report.counts.pending == 1
    assert (report.bytes.planned, report.bytes.done) == (90, 50)
    assert report.ended == "error"
    assert report.exit_code != 0
    assert "report of the cluster is missing" in report.message
    assert report.next_step == "The same upload command begins another job for the remaining files."


async def test_the_report_of_a_running_job_says_how_to_follow_it(cluster) -> None:
    job = JobRecord(id="j", sources=parse_sources(["fs01:/"]), parent="p", spec=JobSpec(), created=1.0)
    table = await cluster.table(job.table)

    report = await read_report(cluster, job, await Progress.read(table, job), running=True)

    assert report.next_step == "The job goes on: `coredata job watch j` follows it."
