"""One shard in a worker: its checkpoints, and what is left of an owner whose entry the server has lost."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from attrs import evolve

from coredata_async.bulk.journal import opening, shards
from coredata_async.bulk.limits.budget import ResizableBudget
from coredata_async.bulk.options import JobSpec
from coredata_async.cluster.doubts import Doubts
from coredata_async.cluster.errors import ClusterError, LostJournalError
from coredata_async.cluster.lease import TableLease
from coredata_async.cluster.messages import Task
from coredata_async.cluster.shard_work import ShardWork, checkpoint_name, suspect_owner
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import Row
from coredata_async.cluster.take import LeaseTaker
from coredata_async.config import Retry
from tests.bulk.rig import STEADY
from tests.bulk.shards import Cluster, check
from tests.cluster.memory import MemoryTable

KEY = "shard.0.1.0"
HOUR = timedelta(hours=1)


class MemoryObjects:
    """Objects in memory. Checkpoints can be refused."""

    def __init__(self, **data: bytes) -> None:
        self.data, self.refused, self.full = data, 0, False

    async def get(self, name):
        return self.data.get(name)

    async def put(self, name, data):
        if self.full:
            self.refused += 1
            raise ClusterError("the disk is full")
        self.data[name] = data

    async def put_report(self, key, epoch, report):
        self.report = report


@pytest.fixture
def plan(box, client, tmp_path) -> Cluster:
    tree = tmp_path / "share" / "tree"
    tree.mkdir(parents=True)
    for number in range(20):
        (tree / f"{number}.txt").write_text(f"file {number}")
    state = tmp_path / "state"
    state.mkdir()
    spec = JobSpec(effort=STEADY, retry=client.engine().retry)
    return Cluster(client, box.project, tree.parent, state, spec)


@pytest.fixture
async def shard(plan):
    await plan.divide()
    [shard] = plan.shards
    return shard


async def lease_of(shard, **fields) -> TableLease:
    taker = LeaseTaker(owner="w", length=30)
    return await taker.take(MemoryTable(), KEY, fields={"id": shard.id, **fields})


def work_on(plan, objects, tmp_path, **options) -> ShardWork:
    return ShardWork(
        client=plan.client,
        job=SimpleNamespace(id="job", spec=plan.spec, sent_until=None),
        task=Task("job", "shard", KEY, "fs07"),
        root=ShareRoot.of(plan.share),
        directory=tmp_path,
        objects=objects,
        account=SimpleNamespace(budget=ResizableBudget(), bulletin=None),
        doubts=Doubts(None, "here"),
        publish=options.pop("publish", lambda event: None),
        **options,
    )


async def test_no_checkpoint_is_made_before_the_shard_is_open(box, plan, shard, tmp_path) -> None:
    box.faults.delay("projects.get", 0.5)
    objects = MemoryObjects(**{KEY: shard.journal})
    work = work_on(plan, objects, tmp_path, checkpoints=0.05)

    report = await work.run(await lease_of(shard))

    check(box, plan.share / "tree", report)
    assert checkpoint_name(KEY, 1) in objects.data


async def test_a_checkpoint_that_cannot_be_stored_does_not_end_the_shard(box, plan, shard, tmp_path) -> None:
    box.faults.delay("files.register", 0.5)
    objects = MemoryObjects(**{KEY: shard.journal})
    objects.full = True

    def publish(event: object) -> None:
        objects.full = objects.refused < 2  # the last one must be stored

    report = await work_on(plan, objects, tmp_path, checkpoints=0.05, publish=publish).run(
        await lease_of(shard)
    )

    check(box, plan.share / "tree", report)
    assert objects.refused
    assert checkpoint_name(KEY, 1) in objects.data


@pytest.mark.parametrize(("before", "listed"), [(0, 20), (9_985, 15), (10_000, 0), (123_456, 0)])
async def test_only_shards_of_the_first_files_list_their_files(plan, shard, tmp_path, before, listed) -> None:
    objects = MemoryObjects(**{KEY: shard.journal})

    report = await work_on(plan, objects, tmp_path).run(await lease_of(shard, before=before))

    assert (len(report.files), report.files_total) == (20, 20)
    assert (len(objects.report.files), objects.report.files_total) == (listed, 20)


async def test_a_shard_whose_entry_is_lost_is_given_back(plan, shard, tmp_path) -> None:
    lease = await LeaseTaker(owner="w", length=30).take(MemoryTable(), KEY)

    with pytest.raises(LostJournalError, match=r"lost the entry of shard\.0\.1\.0"):
        await work_on(plan, MemoryObjects(**{KEY: shard.journal}), tmp_path).run(lease)


async def waited(plan, shard, tmp_path, lease, sent_until: datetime | None = None) -> float:
    """Return the seconds for which a shard waits until no earlier request can be in flight."""
    work = work_on(plan, MemoryObjects(**{KEY: shard.journal}), tmp_path)
    work.job = SimpleNamespace(
        id="job", spec=evolve(plan.spec, retry=Retry(settle=0.5, probe_gap=0.1)), sent_until=sent_until
    )
    return (await work.run(lease)).waited


@pytest.mark.parametrize("difference", [HOUR, -HOUR], ids=["behind", "ahead"])
async def test_the_clock_of_an_earlier_owner_does_not_matter(
    plan, shard, tmp_path, difference: timedelta
) -> None:
    lease = await lease_of(shard)
    lease.sent_until = datetime.now(UTC) - difference

    assert 0.5 < await waited(plan, shard, tmp_path, lease) < 0.7


@pytest.mark.parametrize("difference", [HOUR, -HOUR], ids=["behind", "ahead"])
async def test_an_earlier_job_is_waited_for_by_the_clock_of_the_server(
    plan, shard, tmp_path, difference: timedelta
) -> None:
    lease = await lease_of(shard)
    lease.table.ahead = difference

    assert 0.5 < await waited(plan, shard, tmp_path, lease, datetime.now(UTC) + difference) < 0.7


async def test_an_earlier_job_that_ended_long_ago_is_not_waited_for(plan, shard, tmp_path) -> None:
    lease = await lease_of(shard)
    lease.table.ahead = -HOUR

    assert await waited(plan, shard, tmp_path, lease, datetime.now(UTC) - HOUR - timedelta(seconds=1)) == 0


@pytest.mark.parametrize(
    ("fields", "checkpoints", "suspect"),
    [
        (None, (), 1),
        ({"epoch": 0, "owner": None}, (), 1),
        ({"epoch": 1, "owner": None}, (), 0),
        ({"epoch": 1, "owner": None}, (1,), 0),
        ({"epoch": 1, "owner": None}, (1, 2), 2),
        ({"epoch": 1, "owner": "w"}, (1, 2), 0),
    ],
    ids=["no entry", "no owner yet", "released", "own checkpoint", "checkpoint of a lost owner", "owned"],
)
async def test_an_owner_whose_entry_is_lost_is_noticed(fields, checkpoints, suspect: int) -> None:
    objects = MemoryObjects(**{checkpoint_name(KEY, epoch): b"" for epoch in checkpoints})
    row = None if fields is None else Row(KEY, fields, 7)

    assert await suspect_owner(objects, row, KEY) == suspect


async def test_the_rows_of_a_shard_are_checked_once(plan, shard, tmp_path, monkeypatch) -> None:
    checked: list[str] = []
    for module in (opening, shards):
        check_rows = module.check_rows

        def count(db, check_rows=check_rows, name=module.__name__) -> None:
            checked.append(name)
            check_rows(db)

        monkeypatch.setattr(module, "check_rows", count)

    await work_on(plan, MemoryObjects(**{KEY: shard.journal}), tmp_path).run(await lease_of(shard))

    assert checked == [shards.__name__]
