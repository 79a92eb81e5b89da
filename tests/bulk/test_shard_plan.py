"""Plan of shards: interruptions, lost journals, folders of several plans, and refusals."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from attrs import define, evolve, field

from coredata_async.bulk import FolderCreated, Policy, Reason, Report, Selection
from coredata_async.bulk.journal.shards import Shard, read_shard
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.shard_plan import ShardPlan
from coredata_async.errors import AuthenticationError, ConfigurationError
from coredata_async.fence import read_clock
from tests.bulk.rig import STEADY, folders_twice, make_tree, remote_truth
from tests.bulk.shards import SETTLING, Cluster, SomeLease, check, in_sum, local_truth_without_links


def files_of(*shards: Shard) -> Counter[bytes]:
    """Return the paths in shards, relative to the share."""
    found = Counter[bytes]()
    for shard in shards:
        db = read_shard(shard.journal, b"/")
        found.update(
            path + b"/" + name
            for path, name in db.execute(
                "SELECT folder.path, name FROM item JOIN folder ON folder.id = item.folder"
            )
        )
        db.close()
    return found


async def some(plan: ShardPlan, count: int) -> list[Shard]:
    """Return the first shards of a plan that is interrupted then; the last one is not confirmed."""
    found = []
    async with plan:
        async for shard in plan:
            found.append(shard)
            if len(found) == count:
                break
    return found


async def everything(plan: ShardPlan) -> list[Shard]:
    async with plan:
        return [shard async for shard in plan]


async def test_an_interrupted_plan_repeats_what_was_not_confirmed_and_gives_no_file_twice(
    cluster, nested
) -> None:
    first = await some(cluster.plan(max_files=6), 3)
    make_tree(nested, {"d0/aaa.txt": b"new", "d0/zzz.txt": b"new"})
    (nested / "d0" / "f0003.txt").unlink()

    rest = await everything(cluster.plan(max_files=6))

    assert rest[0].id == first[2].id
    found = files_of(*first[:2], *rest)
    assert set(found.values()) == {1}
    assert found.total() == 33 + 2
    assert await everything(cluster.plan(max_files=6)) == []


async def test_a_plan_whose_journal_is_lost_leaves_out_what_was_published(box, cluster, nested) -> None:
    first = await some(cluster.plan(max_files=6), 3)
    (cluster.state / "plan.sqlite").unlink()
    make_tree(nested, {"d0/aaa.txt": b"new"})

    async def published():
        for shard in first:
            yield shard.journal

    cluster.spec = JobSpec(effort=STEADY, retry=cluster.spec.retry, policy=Policy(assume_alone=True))
    rest = await everything(cluster.plan(max_files=6, published=published()))

    found = files_of(*first, *rest)
    assert set(found.values()) == {1}
    assert found.total() == 34
    assert not folders_twice(box)
    for shard in (*first, *rest):
        await cluster.carry(shard)
    assert remote_truth(box, box.project) == local_truth_without_links(nested, "tree")


async def test_the_plan_counts_what_is_in_no_shard(box, cluster, nested) -> None:
    make_tree(nested, {"d1/bad\x07.txt": b"x", "d1/skip.tmp": b"x"})
    cluster.spec = JobSpec(
        effort=STEADY, retry=cluster.spec.retry, selection=Selection(max_size=100, min_size=3)
    )
    events = []

    async def collect(event) -> None:
        events.append(event)

    report = await cluster.divide(on_event=collect, max_files=10)

    assert report.failed_by == {Reason.NAME: 0} or report.counts.failed == 0  # too small to be selected
    assert report.skipped_by == {Reason.LINK: 1}
    assert report.excluded == 4
    assert report.counts.planned == 1
    assert len([event for event in events if isinstance(event, FolderCreated)]) == 4
    total = in_sum(report, *[await cluster.carry(shard) for shard in cluster.shards])
    assert total.adds_up
    assert (total.counts.planned, total.counts.done, total.excluded) == (32, 31, 4)


async def test_a_folder_that_cannot_be_created_fails_its_files_in_the_plan(box, cluster, nested) -> None:
    box.faults.status("folders.create", 400, times=None, after=2)

    report = await cluster.divide()

    assert report.ended == "complete"
    assert report.failed_by[Reason.FOLDER] > 0
    carried = [await cluster.carry(shard) for shard in cluster.shards]
    total = in_sum(report, *carried)
    assert total.adds_up
    assert total.counts.planned == 34
    assert total.counts.done == len(box.state.files)


async def test_a_folder_that_could_not_be_created_at_first_is_tried_again(box, cluster, nested) -> None:
    box.faults.status("folders.create", 503, times=6, after=2)

    report = await cluster.divide()

    check(box, nested, in_sum(report, *[await cluster.carry(shard) for shard in cluster.shards]))


async def test_the_content_of_a_share_goes_into_the_parent(box, cluster, nested) -> None:
    make_tree(nested.parent, {"single.txt": b"single"})
    report = await cluster.divide(path=".")

    total = in_sum(report, *[await cluster.carry(shard) for shard in cluster.shards])

    check(box, nested.parent, total, inside="")
    assert total.roots == ("fs07:/",)


@pytest.mark.parametrize("path", ["../tree", "/etc", "tree/../.."])
def test_a_path_outside_of_the_share_is_refused(cluster, path) -> None:
    with pytest.raises(ConfigurationError, match="below it"):
        cluster.plan(path=path)


@pytest.mark.parametrize("limits", [{"max_files": 0}, {"max_bytes": 0}])
def test_a_shard_has_at_least_one_file(cluster, limits) -> None:
    with pytest.raises(ConfigurationError, match="1 or more"):
        cluster.plan(**limits)


async def test_a_plan_ends_with_its_lease_and_a_later_one_goes_on(box, cluster, nested) -> None:
    box.faults.delay("folders.create", 0.3, times=None)
    lease = SomeLease(read_clock() + 2.1)

    report = await cluster.divide(lease=lease)

    assert report.ended == "lease"
    box.faults.clear()
    assert not cluster.shards
    check(
        box, nested, in_sum(await cluster.divide(), *[await cluster.carry(each) for each in cluster.shards])
    )


async def test_a_refused_key_ends_the_plan(box, cluster, nested) -> None:
    box.faults.status("folders.create", 401, times=None)

    report = await cluster.divide()

    assert report.ended == "authentication"
    assert report.exit_code == 6


async def test_a_plan_ends_when_the_service_is_given_up_and_a_later_one_goes_on(box, cluster, nested) -> None:
    throttled = box.faults.status("folders.create", 429, retry_after=60, times=None, after=1)
    effort, cluster.spec = cluster.spec.effort, evolve(cluster.spec, effort=evolve(STEADY, patience=1))
    async with asyncio.timeout(20):
        report = await cluster.divide()

    assert throttled.fired
    assert report.ended == "circuit"
    assert "asks to wait" in report.message
    box.faults.clear()
    cluster.spec = evolve(cluster.spec, effort=effort)
    assert (await cluster.divide()).ended == "complete"
    assert set(files_of(*cluster.shards).values()) == {1}


async def test_a_key_that_is_refused_at_once_is_an_error(box, cluster) -> None:
    box.faults.status("projects.get", 401, times=None)
    with pytest.raises(AuthenticationError):
        await cluster.divide()


@define
class SharedFolders:
    """Folder maker of two plans in this process."""

    made: dict[tuple[str, str], str] = field(factory=dict)
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    calls: int = 0

    async def get(self, parent: str, title: str) -> str | None:
        async with self.lock:
            return self.made.get((parent, title))

    async def make(self, parent, title, create, find) -> str:
        async with self.lock:
            if (parent, title) not in self.made:
                self.calls += 1
                self.made[parent, title] = await create()
            return self.made[parent, title]


async def test_two_plans_at_once_create_each_folder_once(box, client, cluster, nested, tmp_path) -> None:
    other = tmp_path / "other"
    make_tree(other / "tree", {f"d{n % 3}/g{n}.txt": b"%d" % n for n in range(12)})
    maker, states = SharedFolders(), [tmp_path / "one", tmp_path / "two"]
    clusters = []
    for state, share in zip(states, (nested.parent, other), strict=True):
        state.mkdir()
        clusters.append(Cluster(client, box.project, share, state, cluster.spec))

    planned = await asyncio.gather(
        *(each.divide(share=f"fs{n}", folders=maker) for n, each in enumerate(clusters))
    )
    carried = await asyncio.gather(*(each.carry(shard) for each in clusters for shard in each.shards))

    assert not folders_twice(box)
    assert maker.calls == 5
    there = local_truth_without_links(nested, "tree") + local_truth_without_links(other / "tree", "tree")
    assert remote_truth(box, box.project) == there
    assert in_sum(*planned, *carried).exit_code == 0


async def test_a_folder_that_a_dead_plan_has_begun_to_create_is_looked_for(box, cluster, nested) -> None:
    @define
    class TakenOver(SharedFolders):
        async def make(self, parent, title, create, find) -> str:
            return await find() or await create()

    report = await cluster.divide(folders=TakenOver())

    check(box, nested, in_sum(report, *[await cluster.carry(shard) for shard in cluster.shards]))


async def test_a_damaged_plan_is_not_repeated_without_its_shards(cluster, nested) -> None:
    await some(cluster.plan(max_files=6), 2)
    journal = cluster.state / "plan.sqlite"
    with closing(sqlite3.connect(journal)) as db:
        db.execute("UPDATE item SET state = 99")
        db.commit()

    with pytest.raises(ConfigurationError, match="published"):
        await everything(cluster.plan())


async def test_a_plan_does_not_take_folders_of_another_plan_of_its_job_for_those_of_another_job(
    box, cluster, nested, jobs, tmp_path
) -> None:
    await jobs.run(nested)  # the top folder exists before
    other = tmp_path / "other"
    make_tree(other / "tree", {f"new{n}/g.txt": b"other %d" % n for n in range(3)})
    make_tree(nested, {f"new{n}/f.txt": b"%d" % n for n in range(3)})
    maker, clusters = SharedFolders(), []
    for name, share in (("one", nested.parent), ("two", other)):
        (tmp_path / name).mkdir()
        spec = JobSpec(effort=STEADY, retry=SETTLING)
        clusters.append(Cluster(cluster.client, box.project, share, tmp_path / name, spec))

    async def divide(number: int) -> Report:
        await asyncio.sleep(0.2 * number)  # the check of the second one spans the creations of the first one
        return await clusters[number].divide(share=f"fs{number}", folders=maker)

    planned = await asyncio.gather(divide(0), divide(1))

    assert [report.ended for report in planned] == ["complete", "complete"], planned[1].message
    assert not folders_twice(box)
    carried = [await each.carry(shard) for each in clusters for shard in each.shards]
    assert in_sum(*planned, *carried).exit_code == 0
