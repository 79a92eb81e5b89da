"""Tools for tests of shards: plans and runs of one tree, leases, and sums of reports."""

from pathlib import Path

from attrs import define, field

from coredata_async.bulk import Report
from coredata_async.bulk.journal.shards import Shard
from coredata_async.bulk.lease import MARGIN
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.shard_plan import ShardPlan
from coredata_async.bulk.shard_run import ShardRun, restore_shard
from coredata_async.config import Retry
from coredata_async.fence import read_clock
from tests.bulk.rig import files_twice, folders_twice, local_truth, remote_truth

SETTLING = Retry(base=0.01, cap=0.05, settle=2.0, probe_gap=0.3)
"""Policy for a server that carries out requests up to a second late."""


@define
class SomeLease:
    """Lease that the test ends."""

    until: float = field(factory=lambda: read_clock() + 60)

    def is_valid(self, margin: float = MARGIN) -> bool:
        return self.until - read_clock() > margin

    def end(self) -> None:
        self.until = read_clock()


@define
class Cluster:
    """Plans and shards of one tree, each with a directory of its own."""

    client: object
    parent: str
    share: Path
    state: Path
    spec: JobSpec
    shards: list[Shard] = field(factory=list)

    def plan(self, *, path: str = "tree", **options) -> ShardPlan:
        given = {"journal": self.state / "plan.sqlite", "share": "fs07", "root": self.share, **options}
        return ShardPlan(self.client, self.spec, parent=self.parent, path=path, **given)

    async def divide(self, **options) -> Report:
        async with self.plan(**options) as plan:
            async for shard in plan:
                self.shards.append(shard)
        return plan.report

    async def shard_run(
        self, shard: Shard, at: str = "a", *, data: bytes | None = None, **options
    ) -> ShardRun:
        place = self.state / at
        place.mkdir(exist_ok=True)
        path = place / f"{shard.id}.sqlite"
        root = options.pop("root", self.share)
        if not path.exists():
            await restore_shard(data or shard.journal, path, root=root)
        return ShardRun(self.client, self.spec, path, shard=shard.id, root=root, **options)

    async def carry(self, shard: Shard, at: str = "a", **options) -> Report:
        run = await self.shard_run(shard, at, **options)
        return await run.run()


def check(box, root: Path, report: Report, *, inside: str = "tree") -> None:
    """Check that every file except links exists once, also in the report."""
    assert remote_truth(box, box.project) == local_truth_without_links(root, inside)
    assert not files_twice(box)
    assert not folders_twice(box)
    assert (report.ended, report.exit_code) == ("complete", 0), report
    assert report.adds_up
    assert report.finished


def local_truth_without_links(root: Path, inside: str):
    """Return path and MD5 of every file that is not a link."""
    truth = local_truth(root, inside=inside)
    top = root.parent if inside else root
    links = [key for key in truth if (top / key[0]).is_symlink()]
    for key in links:
        del truth[key]
    return truth


def in_sum(*reports: Report) -> Report:
    """Return the sum of reports."""
    total, *others = reports
    for report in others:
        total += report
    return total
