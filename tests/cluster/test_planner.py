"""Scans publish shards while they go on, and a repeated scan adds only what is missing."""

import asyncio
import shutil
import threading
from collections import Counter

import pytest

from coredata_async.bulk.events import FileFailed
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.scan import scan
from coredata_async.bulk.states import JobInputError, Reason
from coredata_async.cluster import ClusterJob
from coredata_async.cluster import planner as planner_module
from coredata_async.cluster.account import Account
from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.doubts import Doubts
from coredata_async.cluster.errors import ClusterError, ShareUnavailableError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.lease import main_failure
from coredata_async.cluster.limits import AccountLimits
from coredata_async.cluster.messages import Task, parse_sources
from coredata_async.cluster.planner import Planner
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.take import LeaseTaker
from coredata_async.config import Limits
from coredata_async.errors import ConfigurationError
from tests.bulk.test_shard_plan import files_of
from tests.cluster.fleet import RETRY, Fleet, ask, check_report, check_service, plant

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

LENGTH = 5.0
"""Seconds of the lease on a scan here."""


def raises(kind: type[Exception], match: str) -> pytest.RaisesGroup[Exception]:
    """Expect one error in the group of a planner."""
    return pytest.RaisesGroup(pytest.RaisesExc(kind, match=match), flatten_subgroups=True)


async def run(planner: Planner, lease) -> None:
    """Run a scan under a lease that is renewed."""
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(lease.keep(lambda until: None))
        await planner.run(lease)
        keeping.cancel()


class Scans:
    """Scans of one source in this process, as workers do them."""

    def __init__(self, cluster, client, box, directory, group) -> None:
        self.cluster, self.client, self.box = cluster, client, box
        self.root, self.directory, self.group = directory / "share", directory, group

    async def begin(self, *sources: str, shard_files: int = 10):
        jobs = await Jobs.open(self.cluster)
        spec = JobSpec(retry=RETRY)
        self.job = await jobs.begin(
            parse_sources(sources or ["fs01:/"]), self.box.project, spec, shard_files=shard_files
        )
        self.table = await self.cluster.table(self.job.table)
        self.objects = await self.cluster.objects(self.job.objects)
        self.account = await Account.open(self.cluster, "key", AccountLimits.of(Limits(), None), self.group)

    async def take(self, owner: str, number: int = 0):
        taker = LeaseTaker(owner=owner, length=LENGTH)
        lease = await taker.take(self.table, f"scan.{number}", fields={"state": "open", "share": "fs01"})
        return self.planner(owner, number), lease

    def planner(self, owner: str, number: int = 0, root=None) -> Planner:
        async def ignore(event) -> None:
            pass

        directory = self.directory / owner
        directory.mkdir(exist_ok=True)
        return Planner(
            client=self.client,
            cluster=self.cluster,
            job=self.job,
            task=Task(self.job.id, "scan", f"scan.{number}", "fs01"),
            root=ShareRoot.of(root or self.root),
            directory=directory,
            table=self.table,
            objects=self.objects,
            taker=LeaseTaker(owner=owner, length=30.0),
            account=self.account,
            doubts=Doubts(self.cluster),
            publish=ignore,
        )

    async def rows(self, kind: str = "shard"):
        rows = await self.table.rows()
        return [row for key, row in sorted(rows.items()) if key.startswith(f"{kind}.")]

    async def files(self) -> Counter[bytes]:
        """Return how often each path is in a published shard."""

        class Found:
            def __init__(self, journal: bytes) -> None:
                self.journal = journal

        return files_of(*[Found(await self.objects.get(row.key)) for row in await self.rows()])


@pytest.fixture
async def scans(server, far_client, far, tmp_path):
    plant(tmp_path / "share", 4, 10)
    async with await Cluster.open(server.address) as cluster, asyncio.TaskGroup() as group:
        yield Scans(cluster, far_client, far, tmp_path, group)


@pytest.fixture
def gate(monkeypatch):
    """Return the gate at which the listing of the last folder waits."""
    gate, listing = threading.Event(), scan.on_disk

    def wait(path: bytes):
        if path.endswith(b"folder-3"):
            gate.wait(60)
        yield from listing(path)

    monkeypatch.setattr(scan, "on_disk", wait)
    monkeypatch.setattr("coredata_async.bulk.journal.scanning.DIRECTORIES", 1)
    yield gate
    gate.set()


async def test_a_worker_uploads_the_first_shard_while_the_scan_goes_on(
    scans, gate, server, cluster, tmp_path
) -> None:
    box = scans.box
    await scans.begin()
    planner, lease = await scans.take("planner")
    fleet = Fleet(box, server, cluster, scans.root, tmp_path)
    async with asyncio.TaskGroup() as group:
        scanning = group.create_task(run(planner, lease))
        try:
            await fleet.start()
            async with asyncio.timeout(60):
                while len(list(box.state.files)) < 30:  # noqa: ASYNC110  # another process
                    await asyncio.sleep(0.05)
            [entry] = await scans.rows("scan")
            assert not scanning.done()
            assert entry.fields["shards"] == 3
            assert "published" not in entry.fields
            gate.set()
            await scanning
            report = await (await ClusterJob.attach(cluster, scans.job.id)).run()
        finally:
            gate.set()
            await fleet.end()

    paths = {path.relative_to(scans.root).as_posix() for path in scans.root.rglob("*.txt")}
    check_service(box, paths)
    check_report(report, paths)
    assert report.shards.planned == 4


class KilledError(Exception):
    """The end of a process, as far as the code can see it."""


def kill_at(monkeypatch, target, name: str, call: int) -> None:
    """Let the n-th call of a method fail before it has an effect."""
    calls, method = [], getattr(target, name)

    async def dying(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise KilledError
        return await method(*arguments, **options)

    monkeypatch.setattr(target, name, dying)


@pytest.mark.parametrize("place", ["store", "count", "show", "queue"])
async def test_a_scan_that_dies_between_two_steps_is_continued_without_a_file_in_two_shards(
    scans, monkeypatch, place: str
) -> None:
    await scans.begin()
    planner, lease = await scans.take("first")
    queued: list[str] = []
    enqueue = Cluster.enqueue

    async def note(self, subject, fields, key) -> None:
        await enqueue(self, subject, fields, key)
        queued.append(fields["key"])

    monkeypatch.setattr(Cluster, "enqueue", note)
    with monkeypatch.context() as dying:
        match place:
            case "store":
                kill_at(dying, scans.objects, "put", 3)
            case "count":
                kill_at(dying, planner_module, "_write", 3)
            case "show":
                kill_at(dying, scans.table, "create", 3)
            case "queue":
                kill_at(dying, Cluster, "enqueue", 3)
        with pytest.raises(ExceptionGroup):
            await run(planner, lease)
    before = await scans.rows()
    (scans.root / "folder-0" / "new.txt").write_bytes(b"appeared meanwhile")

    planner, lease = await scans.take("second")
    await run(planner, lease)

    rows = await scans.rows()
    found = await scans.files()
    assert lease.epoch == 2
    assert set(found.values()) == {1}
    assert found.total() == 41
    assert [row.key for row in rows][: len(before)] == [row.key for row in before]
    assert set(queued) == {row.key for row in rows}
    [entry] = await scans.rows("scan")
    assert entry.fields["shards"] == len(rows) == 5
    assert entry.fields["files"] == sum(row.fields["files"] for row in rows) == 41
    assert entry.fields["published"] is True
    assert not list(scans.directory.glob("second/*"))


async def test_a_scan_that_is_given_back_is_continued(scans, gate) -> None:
    await scans.begin()
    planner, lease = await scans.take("first")
    async with asyncio.TaskGroup() as group:
        scanning = group.create_task(run(planner, lease))
        async with asyncio.timeout(30):
            while len(await scans.rows()) < 3:  # noqa: ASYNC110  # another task, over a server
                await asyncio.sleep(0.05)
        planner.drain()
        gate.set()
        await scanning
    [entry] = await scans.rows("scan")
    assert entry.fields["owner"] is None
    assert entry.fields["shards"] == 3

    planner, lease = await scans.take("second")
    await run(planner, lease)

    assert await scans.files() == Counter(dict.fromkeys(await scans.files(), 1))
    assert len(await scans.rows()) == 4


async def test_a_shard_whose_count_was_lost_is_found(scans) -> None:
    await scans.begin()
    planner, lease = await scans.take("first")
    await run(planner, lease)
    row = await scans.table.get("scan.0")
    fields = {**row.fields, "counts": {"1": 2}, "shards": 2, "files": 20, "published": False}
    await scans.table.update("scan.0", fields, row.revision)

    planner, lease = await scans.take("second")
    await run(planner, lease)

    [entry] = await scans.rows("scan")
    assert (entry.fields["shards"], entry.fields["files"]) == (4, 40)
    assert set((await scans.files()).values()) == {1}
    assert [row.fields["before"] for row in await scans.rows()] == [0, 10, 20, 30]


async def test_a_short_failure_of_the_server_does_not_end_a_scan(scans, monkeypatch) -> None:
    await scans.begin()
    planner, lease = await scans.take("first")
    update, failures = scans.table.update, iter([True, True])

    async def fail(key, fields, revision):
        if key == "scan.0" and next(failures, False):
            raise ClusterError("no answer")
        return await update(key, fields, revision)

    monkeypatch.setattr(scans.table, "update", fail)
    await run(planner, lease)

    assert len(await scans.rows()) == 4


async def test_of_two_sources_with_equal_paths_each_name_is_uploaded_once(
    scans, server, cluster, tmp_path
) -> None:
    for side in "ab":
        (scans.root / side / "sub").mkdir(parents=True)
        (scans.root / side / "x.pdf").write_bytes(f"{side} x".encode())
        (scans.root / side / "sub" / "y.pdf").write_bytes(f"{side} y".encode())
        (scans.root / side / f"only-{side}.pdf").write_bytes(side.encode())
    fleet = Fleet(scans.box, server, cluster, scans.root, tmp_path)
    try:
        await fleet.start()
        await fleet.start()
        job = ClusterJob(cluster, ["fs01:/a/.", "fs01:/b/."], parent=scans.box.project, retry=RETRY)
        async with job:
            events = [event async for event in job]
    finally:
        await fleet.end()

    state = ask(scans.box, "/sandbox/state")
    assert state["duplicates"] == state["files_twice"] == state["folders_twice"] == {}
    names = sorted(str(file.fields["filename"]) for file in list(scans.box.state.files))
    assert names == ["only-a.pdf", "only-b.pdf", "x.pdf", "y.pdf"]
    report = job.report
    assert report.adds_up
    assert (report.counts.planned, report.counts.done, report.counts.failed) == (6, 4, 2)
    assert report.failed_by == {Reason.COLLISION: 2}
    assert report.exit_code == 1
    assert not report.duplicates
    failed = [event for event in events if isinstance(event, FileFailed)]
    assert {event.path.rpartition("/")[2] for event in failed} == {"x.pdf", "y.pdf"}
    assert all("has a file of this name" in event.message for event in failed)


async def test_two_sources_that_become_one_folder_are_refused_before_the_job_begins(cluster) -> None:
    with pytest.raises(ConfigurationError, match="both become 'docs'"):
        ClusterJob(cluster, ["fs01:/docs", "fs02:/docs"], parent="p1")
    assert await (await Jobs.open(cluster)).all() == []


@pytest.mark.parametrize("mounted", [True, False])
async def test_a_source_that_is_missing_because_the_share_is_not_mounted_is_not_a_wrong_source(
    scans, mounted
) -> None:
    await scans.begin("fs01:/nope")
    planner, lease = await scans.take("planner")
    if not mounted:
        planner.root = ShareRoot(scans.root, scans.root)  # a file system was mounted there

    with pytest.RaisesGroup(JobInputError if mounted else ShareUnavailableError, flatten_subgroups=True):
        await planner.run(lease)


async def test_a_scan_for_which_all_folders_are_refused_is_left_to_another_machine(scans) -> None:
    await scans.begin()
    workers = await scans.cluster.table(WORKERS)
    await workers.create("there.1.a", {"host": "there", "shares": ["fs01"], "length": 30.0})
    refused = scans.box.faults.status("folders.create", 403, times=None)
    planner, lease = await scans.take("here")

    with pytest.raises(ExceptionGroup) as caught:
        await planner.run(lease)

    assert refused.fired
    assert isinstance(main_failure(caught.value), ClusterError)
    assert lease.fields["doubted"] == [planner.doubts.host]
    assert "published" not in lease.fields
    await lease.release()

    scans.box.faults.clear()
    successor, lease = await scans.take("there")
    await run(successor, lease)
    assert sum((await scans.files()).values()) == 40


@pytest.mark.parametrize("source", ["fs01:/", "fs01:/folder-0"])
async def test_a_machine_whose_share_is_empty_leaves_the_scan_to_another_one(scans, source: str) -> None:
    await scans.begin(source)
    workers = await scans.cluster.table(WORKERS)
    await workers.create("there.1.a", {"host": "there", "shares": ["fs01"], "length": 30.0})
    scans.root.rename(scans.directory / "mounted")
    scans.root.mkdir()
    planner, lease = await scans.take("here")

    with pytest.raises(ExceptionGroup) as caught:
        await planner.run(lease)

    failure = main_failure(caught.value)
    assert isinstance(failure, ClusterError)
    assert "fs01:/ is empty" in str(failure)
    assert lease.fields["doubted"] == [planner.doubts.host]
    assert "published" not in lease.fields
    assert "refusals" not in lease.fields
    await lease.release()

    scans.root.rmdir()
    (scans.directory / "mounted").rename(scans.root)
    successor, lease = await scans.take("there")
    await run(successor, lease)
    assert sum((await scans.files()).values()) == (40 if source == "fs01:/" else 10)


async def test_a_source_with_the_journals_of_its_worker_is_refused(scans) -> None:
    await scans.begin("fs01:/folder-0")
    planner, lease = await scans.take("planner")
    planner.directory = scans.root / "folder-0" / "journals"
    planner.directory.mkdir()

    with raises(JobInputError, "fs01:/folder-0 contains .*: start that with another --directory"):
        await planner.run(lease)


async def test_a_source_that_is_a_link_in_a_circle_is_refused(scans) -> None:
    (scans.root / "circle").symlink_to(scans.root / "circle")
    await scans.begin("fs01:/circle")
    planner, lease = await scans.take("planner")

    with raises(ConfigurationError, "circle' cannot be uploaded: Too many levels"):
        await planner.run(lease)


async def test_a_source_that_is_missing_in_an_empty_share_is_refused_with_that_reason(scans) -> None:
    shutil.rmtree(scans.root)
    scans.root.mkdir()
    await scans.begin("fs01:/docs")
    planner, lease = await scans.take("planner")

    with raises(JobInputError, "No such file or directory; fs01:/ is empty"):
        await planner.run(lease)
