"""A tree that is planned into shards and carried by several runs, compared with one job."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define, evolve, field

from coredata_async.bulk import FileDone, Policy, Reason
from coredata_async.bulk.journal.shards import Shard
from coredata_async.bulk.lease import MARGIN
from coredata_async.bulk.limits.budget import ResizableBudget
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.shard_run import ShardRun
from coredata_async.errors import ConfigurationError
from coredata_async.fence import read_clock
from tests.bulk.rig import STEADY, files_twice, remote_truth, until
from tests.bulk.shards import SETTLING, Cluster, SomeLease, check, in_sum, local_truth_without_links
from tests.bulk.workers.rig import kill


async def test_shards_carried_by_two_runs_give_the_files_folders_and_report_of_one_job(
    box, cluster, nested, jobs
) -> None:
    planned = await cluster.divide(max_files=5)
    assert [shard.files for shard in cluster.shards] == [5, 5, 5, 5, 5, 5, 3]
    assert planned.counts.planned == planned.counts.skipped == 1  # the link

    reports = [planned]
    queue = list(cluster.shards)

    async def worker(name: str) -> None:
        while queue:
            reports.append(await cluster.carry(queue.pop(), name))

    await asyncio.gather(worker("a"), worker("b"))

    total = in_sum(*reports)
    check(box, nested, total)
    assert (total.counts.planned, total.counts.done, total.counts.skipped) == (34, 33, 1)
    assert total.roots == ("fs07:/tree",)
    before = box.state.count("files.register")
    alone = await jobs.run(nested, policy=Policy(assume_alone=True))  # a job of one machine finds all of it
    assert box.state.count("files.register") == before
    assert alone.report.counts.planned == total.counts.planned
    assert alone.report.bytes.planned == total.bytes.planned
    assert (alone.report.counts.skipped, total.skipped_by) == (34, {Reason.LINK: 1})


async def interrupt(cluster: Cluster, shard: Shard, *, after: int, **options) -> tuple[bytes, datetime]:
    """Carry a shard until its lease ends in the middle; return the first checkpoint, and that moment."""
    lease = SomeLease()
    run = await cluster.shard_run(shard, "dead", lease=lease, **options)
    done = 0
    async with run:
        first = await run.checkpoint()
        async for event in run:
            done += isinstance(event, FileDone)
            if done == after:
                lease.end()
        assert run.report.ended == "lease"
        assert run.report.exit_code == 10
    return first, datetime.now(UTC)


@pytest.mark.parametrize("existing", ["skip-same", "skip", "error", "version"])
async def test_a_shard_goes_on_from_its_first_checkpoint_and_no_file_comes_twice(
    box, cluster, nested, existing
) -> None:
    cluster.spec = JobSpec(effort=STEADY, retry=SETTLING, policy=Policy(existing=existing))
    planned = await cluster.divide()
    (shard,) = cluster.shards
    box.faults.reset_after("files.register", times=4, after=2)
    box.faults.commit_late("files.register", 0.8, times=4, after=6)
    box.faults.delay("storage.put", 0.1, times=None)  # otherwise all files may end before the lease
    checkpoint, moment = await interrupt(cluster, shard, after=8)
    assert 0 < len(box.state.files) < 33

    report = await cluster.carry(shard, "next", data=checkpoint, sent_until=moment)

    check(box, nested, in_sum(planned, report))
    assert report.counts.done + report.counts.skipped == 33
    assert set(report.skipped_by) == {Reason.SAME}
    referenced = {file.fields["blob_name"] for file in box.state.files}
    assert not referenced & {orphan.blob for orphan in report.orphans}


@pytest.mark.parametrize("start", ["plan", "checkpoint", "journal"])
async def test_the_next_owner_waits_for_the_requests_of_the_former_one(box, cluster, nested, start) -> None:
    cluster.spec = JobSpec(effort=STEADY, retry=SETTLING)
    await cluster.divide()
    (shard,) = cluster.shards
    box.faults.commit_late("files.register", 0.9, times=None)
    lease = SomeLease()
    async with await cluster.shard_run(shard, "dead", lease=lease) as run:
        await until(lambda: box.state.count("files.register") >= 6)
        last = await run.checkpoint()
        lease.end()
        run.stop()
        async for _ in run:
            pass
    moment = datetime.now(UTC)
    box.faults.clear()

    given = {"plan": {}, "checkpoint": {"data": last}, "journal": {"at": "dead"}}[start]
    report = await cluster.carry(shard, **{"at": "next", "sent_until": moment, **given})

    assert remote_truth(box, box.project) == local_truth_without_links(nested, "tree")
    assert not files_twice(box)
    assert report.exit_code == 0
    assert report.counts.done + report.counts.skipped == 33
    assert start == "journal" or report.waited > 0


async def test_a_copy_waits_even_if_the_former_owner_is_not_named(box, cluster, nested) -> None:
    cluster.spec = JobSpec(effort=STEADY, retry=SETTLING)
    await cluster.divide()
    (shard,) = cluster.shards
    box.faults.commit_late("files.register", 0.9, times=None)
    checkpoint, _ = await interrupt_at(box, cluster, shard, registrations=6)
    box.faults.clear()

    report = await cluster.carry(shard, "next", data=checkpoint)

    assert remote_truth(box, box.project) == local_truth_without_links(nested, "tree")
    assert report.wait_reason.startswith("another machine had these files")


async def interrupt_at(box, cluster: Cluster, shard: Shard, *, registrations: int) -> tuple[bytes, datetime]:
    lease = SomeLease()
    async with await cluster.shard_run(shard, "dead", lease=lease) as run:
        first = await run.checkpoint()
        await until(lambda: box.state.count("files.register") >= registrations)
        lease.end()
        run.stop()
        async for _ in run:
            pass
    return first, datetime.now(UTC)


async def test_nothing_is_sent_to_the_service_after_the_end_of_the_lease(box, cluster, nested) -> None:
    await cluster.divide()
    (shard,) = cluster.shards
    box.faults.delay("storage.put", 0.1, times=None)
    lease = SomeLease()
    async with await cluster.shard_run(shard, lease=lease) as run:
        await until(lambda: len(box.state.files) >= 3)
        lease.until = read_clock() + MARGIN / 2  # less than the margin: no further request begins
        await asyncio.sleep(0.05)
        sent = box.state.count("files.register"), box.state.count("blobs.reserve")
        async for _ in run:
            pass
        assert (box.state.count("files.register"), box.state.count("blobs.reserve")) == sent
    assert run.report.ended == "lease"
    assert run.report.counts.pending > 0
    assert run.report.adds_up


async def test_the_last_checkpoint_of_a_complete_shard_leaves_nothing_to_do(box, cluster, nested) -> None:
    await cluster.divide()
    (shard,) = cluster.shards
    async with await cluster.shard_run(shard) as run:
        async for _ in run:
            pass
        last = await run.checkpoint()
    requests = box.state.count("blobs.reserve")

    report = await cluster.carry(shard, "next", data=last, sent_until=datetime.now(UTC))

    assert (report.counts.done, report.waited) == (33, 0)
    assert box.state.count("blobs.reserve") == requests


async def test_the_first_owner_reads_no_listing_before_it_uploads(box, cluster, nested) -> None:
    await cluster.divide()
    (shard,) = cluster.shards
    lists = box.state.count("folders.list")
    async with await cluster.shard_run(shard) as run:
        await until(lambda: box.state.count("files.register") >= 1)
        before = box.state.count("files.list") + box.state.count("projects.files")
        async for _ in run:
            pass
    assert before == 0
    assert box.state.count("folders.list") == lists


async def test_the_journal_of_a_plan_is_refused_by_a_job(cluster, jobs, nested) -> None:
    await cluster.divide()

    jobs.journal = cluster.state / "plan.sqlite"
    with pytest.raises(ConfigurationError, match="several machines"):
        await jobs.run(nested)


async def test_a_share_may_have_another_root_on_each_machine(box, cluster, nested, tmp_path) -> None:
    await cluster.divide(max_files=20)
    moved = tmp_path / "elsewhere"
    nested.parent.rename(moved)

    reports = [await cluster.carry(shard, root=moved) for shard in cluster.shards]

    assert in_sum(*reports).counts.done == 33
    assert remote_truth(box, box.project) == local_truth_without_links(moved / "tree", "tree")


async def test_files_of_the_tree_that_exist_on_the_server_are_skipped_without_a_listing(
    box, cluster, nested, jobs
) -> None:
    await jobs.run(nested)
    cluster.spec = JobSpec(effort=STEADY, retry=cluster.spec.retry, policy=Policy(assume_alone=True))
    (nested / "top.txt").write_bytes(b"new")
    registered = box.state.count("files.register")
    await cluster.divide(max_files=7)

    reports = [await cluster.carry(shard) for shard in cluster.shards]

    total = in_sum(*reports)
    assert total.skipped_by == {Reason.SAME: 32}
    assert total.counts.done == 1
    assert box.state.count("files.register") == registered + 1
    names = Counter(file.fields["filename"] for file in box.state.files)
    assert names["top.txt"] == 2


def test_the_moment_of_a_former_owner_needs_a_time_zone(client, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="time zone"):
        ShardRun(client, JobSpec(), tmp_path / "a", shard="x", root=tmp_path, sent_until=datetime(2026, 1, 1))


@define
class LocalBulletin:
    """Bulletin of several runs in this process."""

    listeners: list = field(factory=list)
    published: list = field(factory=list)

    def publish(self, event) -> None:
        self.published.append(event)
        for learn in self.listeners:
            learn(event)

    def subscribe(self, learn):
        self.listeners.append(learn)
        return lambda: self.listeners.remove(learn)


async def test_a_run_keeps_to_its_budget_and_follows_its_changes(box, cluster, nested) -> None:
    times: list[float] = []
    async with box.client(hooks=[lambda event: event.signed or times.append(read_clock())]) as client:
        cluster.client = client
        await cluster.divide()
        (shard,) = cluster.shards
        budget = ResizableBudget(rate=20)
        times.clear()
        async with await cluster.shard_run(shard, budget=budget) as run:
            await until(lambda: len(times) > 30)
            paced = list(times)
            budget.resize(rate=500, concurrency=4)
            async for _ in run:
                pass
        assert run.report.counts.done == 33
    paced = paced[3:]  # without the look at the parent, which the budget does not count
    assert max(sum(first <= time < first + 0.9 for time in paced) for first in paced) <= 20
    assert len(paced) / (paced[-1] - paced[0]) >= 17
    assert times[-1] - paced[-1] < 2.5  # at the first rate it would take longer


async def test_a_throttled_run_stops_the_others_and_says_so_once(box, cluster, nested) -> None:
    await cluster.divide(max_files=17)
    one, two = cluster.shards
    bulletin = LocalBulletin()
    first = await cluster.shard_run(one, bulletin=bulletin)
    second = await cluster.shard_run(two, bulletin=bulletin)
    box.faults.status("files.register", 429, retry_after=1, times=1, after=3)
    async with first, second:
        await until(lambda: bulletin.published)
        count = box.state.count("files.register")
        await asyncio.sleep(0.6)
        assert box.state.count("files.register") - count <= 2 * STEADY.concurrency  # those in flight
        later = box.state.count("files.register")
        await asyncio.sleep(0.2)
        assert box.state.count("files.register") == later
        for run in (first, second):
            async for _ in run:
                pass
    assert len(bulletin.published) == 1
    assert bulletin.listeners == []
    assert in_sum(first.report, second.report).counts.done == 33


async def test_the_budget_and_bulletin_reach_worker_processes(far, far_client, nested, tmp_path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    effort = evolve(STEADY, processes=2)
    spec = JobSpec(effort=effort, retry=far_client.engine().retry)
    cluster = Cluster(far_client, far.project, nested.parent, state, spec)
    await cluster.divide()
    (shard,) = cluster.shards
    budget, bulletin = ResizableBudget(rate=16, concurrency=8), LocalBulletin()
    far.faults.status("files.register", 429, retry_after=0.2, times=1, after=3)
    async with await cluster.shard_run(shard, budget=budget, bulletin=bulletin) as run:
        await until(lambda: far.state.count("files.register") >= 6)
        began, before = read_clock(), far.state.count("files.register") + far.state.count("blobs.reserve")
        await asyncio.sleep(1.0)
        sent = far.state.count("files.register") + far.state.count("blobs.reserve") - before
        assert sent <= 16 * (read_clock() - began) + 3
        budget.resize()
        async for _ in run:
            pass
    assert run.report.counts.done == 33
    assert len(bulletin.published) == 1


async def test_an_incomplete_listing_is_no_proof_for_a_moved_shard(box, cluster, nested) -> None:
    cluster.spec = JobSpec(effort=STEADY, retry=SETTLING)
    await cluster.divide()
    (shard,) = cluster.shards
    checkpoint, moment = await interrupt(cluster, shard, after=8)
    before = len(box.state.files)
    box.faults.lying_next("files.list", "never", times=None)

    report = await cluster.carry(shard, "next", data=checkpoint, sent_until=moment)

    names = Counter((file.parent, file.fields["filename"]) for file in box.state.files)
    assert set(names.values()) == {1}
    assert report.adds_up
    assert report.exit_code != 0 or len(box.state.files) == 33
    box.faults.clear()
    again = await cluster.carry(shard, "next", sent_until=moment)
    assert again.exit_code == 0
    assert len(box.state.files) == 33 >= before


@pytest.mark.parametrize("registrations", [1, 5, 12, 25])
async def test_a_killed_process_is_replaced_with_its_first_checkpoint(
    far, far_client, nested, tmp_path, registrations
) -> None:
    state = tmp_path / "state"
    (state / "dead").mkdir(parents=True)
    spec = JobSpec(effort=STEADY, retry=SETTLING)
    cluster = Cluster(far_client, far.project, nested.parent, state, spec)
    planned = await cluster.divide()
    (shard,) = cluster.shards
    await cluster.shard_run(shard, "dead")
    far.faults.reset_after("files.register", times=2, after=2)
    far.faults.commit_late("files.register", 0.8, times=None, after=4)
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bulk.shard_victim", far.url, far.api_user, far.api_key, shard.id),
        *(str(state / "dead" / f"{shard.id}.sqlite"), str(nested.parent), str(state / "checkpoint")),
        cwd=Path(__file__).parents[2],
    )
    await until(lambda: far.state.count("files.register") >= registrations)
    kill(victim.pid)
    await victim.wait()
    moment = datetime.now(UTC)
    far.faults.clear()

    checkpoint = (state / "checkpoint").read_bytes()
    report = await cluster.carry(shard, "next", data=checkpoint, sent_until=moment)

    check(far, nested, in_sum(planned, report))
    assert report.waited > 0
