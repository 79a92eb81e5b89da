"""The table of jobs: trees are locked, and states only go forward."""

from datetime import UTC, datetime

import pytest

from coredata_async.bulk.options import JobSpec
from coredata_async.cluster import ClusterJob
from coredata_async.cluster.errors import JobLockedError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import JobRecord, Source, parse_sources
from coredata_async.errors import ConfigurationError

pytestmark = pytest.mark.servers


@pytest.fixture
async def jobs(cluster):
    return await Jobs.open(cluster)


def begin(jobs: Jobs, *sources: str, parent: str = "p1"):
    return jobs.begin(parse_sources(sources), parent, JobSpec())


@pytest.mark.parametrize("other", ["fs01:/docs", "fs01:/", "fs01:/docs/2026", "fs01:/docs/."])
async def test_a_second_job_for_an_overlapping_tree_is_refused(jobs, other: str) -> None:
    first = await begin(jobs, "fs01:/docs")

    with pytest.raises(JobLockedError, match=first.id):
        await begin(jobs, other)

    assert [job.state for job in await jobs.all()] == ["running", "ended"]


async def test_other_trees_and_other_parents_are_not_locked(jobs) -> None:
    await begin(jobs, "fs01:/docs")
    await begin(jobs, "fs01:/docs2", "fs02:/reports")
    await begin(jobs, "fs01:/docs", parent="p2")

    assert len(await jobs.all()) == 3


@pytest.mark.parametrize("other", ["fs02:/docs", "fs02:/old/docs", "fs01:/old/docs", "fs02:/", "fs02:/x/."])
async def test_a_second_job_that_puts_files_into_the_same_folder_is_refused(jobs, other: str) -> None:
    first = await begin(jobs, "fs01:/docs", "fs01:/reports")

    with pytest.raises(JobLockedError, match=f"of job {first.id} come into the same folder of p1"):
        await begin(jobs, other)

    await jobs.end(first.id, "complete", settled=True)
    assert (await begin(jobs, other)).is_open
    with pytest.raises(JobLockedError, match="come into the same folder"):
        await begin(jobs, "fs01:/docs")


@pytest.mark.parametrize("notation", ["{}", "{{{}}}", "urn:uuid:{}"])
@pytest.mark.parametrize("upper", [False, True])
async def test_another_notation_of_the_parent_is_the_same_parent(cluster, jobs, notation, upper) -> None:
    parent = "e139a8ac-7368-11ee-b962-0242ac120002"
    other = notation.format(parent.upper() if upper else parent)
    async with ClusterJob(cluster, ["fs01:/docs"], parent=other) as first:
        with pytest.raises(JobLockedError, match=first.id):
            await ClusterJob(cluster, ["fs01:/docs"], parent=parent.replace("-", "")).run()
        with pytest.raises(JobLockedError, match=first.id):
            await begin(jobs, "fs01:/docs", parent=other)  # as an earlier version has written it

    assert (await jobs.get(first.id)).parent == parent


async def test_the_next_job_knows_when_the_last_one_can_have_sent(jobs) -> None:
    first = await begin(jobs, "fs01:/docs")
    before = datetime.now(UTC)
    await jobs.end(first.id, "ended")

    second = await begin(jobs, "fs01:/docs")

    assert first.sent_until is None
    assert second.sent_until is not None
    assert before <= second.sent_until <= datetime.now(UTC)


async def test_a_tree_is_free_although_the_process_that_ended_its_job_died_before_it_unlocked_it(
    jobs,
) -> None:
    first = await begin(jobs, "fs01:/docs")
    await jobs.change(first.id, state="complete")
    before = datetime.now(UTC)

    second = await begin(jobs, "fs01:/docs")

    assert second.sent_until is not None
    assert second.sent_until >= before
    with pytest.raises(JobLockedError, match=second.id):
        await begin(jobs, "fs01:/docs")


@pytest.mark.parametrize("state", ["running", "ended", []])
async def test_a_job_of_another_version_has_its_tree_until_it_has_ended(jobs, state: object) -> None:
    first = await begin(jobs, "fs01:/docs")
    await jobs.table.update(first.id, {"state": state, "format": "new"}, (await jobs.get(first.id)).revision)

    with pytest.raises(ConfigurationError, match=f"job {first.id} cannot be read: .*use the version"):
        await jobs.get(first.id)
    if state == "ended":
        assert (await begin(jobs, "fs01:/docs")).is_open
    else:
        with pytest.raises(JobLockedError, match=first.id):
            await begin(jobs, "fs01:/docs")


async def half_begun(jobs: Jobs, source: str) -> JobRecord:
    """Begin a job in a process that dies before it locks the tree."""
    sources = parse_sources([source])
    job = JobRecord(id=f"half-{source[-1]}", sources=sources, parent="p1", spec=JobSpec(), created=1.0)
    await jobs.table.create(job.id, job.to_dict())
    return await jobs.get(job.id)


async def test_a_resumed_job_has_the_lock_of_its_tree(jobs) -> None:
    job = await half_begun(jobs, "fs01:/docs")

    assert await jobs.resume(job) == job

    with pytest.raises(JobLockedError, match=job.id):
        await begin(jobs, "fs01:/docs")


async def test_a_job_that_cannot_be_resumed_because_another_one_has_its_tree_ends(jobs) -> None:
    job = await half_begun(jobs, "fs01:/docs")
    other = await begin(jobs, "fs01:/docs")

    resumed = await jobs.resume(job)

    assert resumed.state == "ended"
    assert other.id in resumed.message
    assert (await jobs.get(other.id)).state == "running"


async def test_a_job_survives_its_round_trip(jobs) -> None:
    job = await begin(jobs, "fs01:/docs", "fs02:/")

    assert await jobs.get(job.id) == job
    assert job.sources == (Source("fs01", "docs"), Source("fs02", "."))


async def test_an_ended_job_stays_ended(jobs) -> None:
    job = await begin(jobs, "fs01:/docs")
    await jobs.end(job.id, "complete")

    assert (await jobs.change(job.id, state="draining")).state == "complete"


async def test_the_first_worker_decides_about_the_account(jobs) -> None:
    job = await begin(jobs, "fs01:/docs")
    await jobs.change(job.id, owner=("tenant", "ann"))

    now: JobRecord = await jobs.change(job.id, owner=("tenant", "bob"))

    assert (now.tenant, now.account) == ("tenant", "ann")


async def test_a_job_that_does_not_exist_is_a_clear_error(jobs) -> None:
    with pytest.raises(ConfigurationError, match="no job 'x'"):
        await jobs.get("x")


@pytest.mark.parametrize("text", ["docs", "fs 01:/x", "fs01:/../etc", ":/x"])
def test_a_malformed_source_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Source.parse(text)


def test_sources_of_one_job_must_not_overlap() -> None:
    with pytest.raises(ConfigurationError, match="in common"):
        parse_sources(["fs01:/a", "fs01:/a/b"])
