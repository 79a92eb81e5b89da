"""A share that cannot be read on one machine: its tasks wait for another worker, and no file fails."""

import asyncio
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from coredata_async.bulk.events import FileDone, Progress, Warned
from coredata_async.bulk.options import Effort
from coredata_async.cli.jobs import summarise
from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.connection import WORKERS
from coredata_async.cluster.errors import ShareUnavailableError
from coredata_async.cluster.messages import Source
from coredata_async.cluster.share_root import ShareRoot
from tests.cluster.fleet import RETRY, check_report, check_service, plant

LEASE = 3.0


async def test_a_root_is_usable_while_it_is_a_directory_of_the_same_file_system(tmp_path) -> None:
    root = ShareRoot.of(tmp_path)
    await root.check("fs01")
    tmp_path.rmdir()

    with pytest.raises(ShareUnavailableError, match="the share fs01 is no longer a directory"):
        await root.check("fs01")


async def test_an_empty_directory_where_a_file_system_was_mounted_is_not_the_share(tmp_path) -> None:
    root = ShareRoot(tmp_path, tmp_path)  # a file system was mounted there

    with pytest.raises(ShareUnavailableError, match="no longer on the file system at"):
        await root.check("fs01")


async def test_links_in_a_circle_are_not_the_share(tmp_path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)

    with pytest.raises(ShareUnavailableError, match="no longer a directory"):
        await ShareRoot.of(link).check("fs01")


async def test_a_root_may_be_a_link(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")

    root = ShareRoot.of(link)

    await root.check("fs01")
    assert root.mount == ShareRoot.of(tmp_path).mount


async def test_a_directory_without_entries_is_empty_and_a_file_is_not(tmp_path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "file").touch()
    root = ShareRoot.of(tmp_path)

    assert "fs01:/docs is empty" in str(await root.find_emptiness(Source("fs01", "docs")))
    for path in (".", "file", "gone"):
        assert await root.find_emptiness(Source("fs01", path)) is None


@asynccontextmanager
async def workers(box, server, directory: Path, *roots: Path):
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(box.client())
        cluster = await stack.enter_async_context(await Cluster.open(server.address, lease=LEASE))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for number, root in enumerate(roots):
            worker = Worker(client, cluster, shares={"fs01": root}, directory=directory / f"machine-{number}")
            group.create_task(worker.run())
            stack.callback(worker.drain)
        yield partial(ClusterJob, cluster, ["fs01:/"], parent=box.project, retry=RETRY)


@pytest.mark.servers
@pytest.mark.timeout(120)
async def test_a_share_that_was_empty_from_the_start_is_a_warning_in_events_summary_and_report(
    box, server, tmp_path, capsys, caplog
) -> None:
    root = tmp_path / "share"
    root.mkdir()
    async with workers(box, server, tmp_path, root) as begin:
        async with begin() as job:
            events = [event async for event in job]
        report = job.report

    assert (report.ended, report.exit_code, report.counts.planned) == ("complete", 0, 0)
    [warning] = report.warnings
    assert warning.startswith(f"fs01:/ is empty: the directory {root} on ")
    assert "If a file system belongs there, mount it, and start the worker again." in warning
    assert [event.message for event in events if isinstance(event, Warned)] == [warning]
    assert "fs01:/ is empty" in caplog.text
    summarise(report)
    assert f"There was nothing to upload. {warning}" in "".join(capsys.readouterr().err.splitlines())


@pytest.mark.servers
@pytest.mark.timeout(120)
async def test_a_worker_whose_root_is_gone_leaves_all_tasks_to_the_others(box, server, tmp_path) -> None:
    paths = plant(tmp_path / "share", 2, 10)
    gone = tmp_path / "gone"
    gone.mkdir()
    async with workers(box, server, tmp_path, gone, tmp_path / "share") as begin:
        shutil.rmtree(gone)
        report = await begin(shard_files=4).run()

    check_report(report, paths)
    check_service(box, paths)


@pytest.mark.servers
@pytest.mark.timeout(120)
async def test_files_that_failed_because_the_root_was_gone_are_tried_again(box, server, tmp_path) -> None:
    root = tmp_path / "share"
    paths = plant(root, 2, 10)
    box.faults.delay("files.register", 0.5, times=None)
    async with workers(box, server, tmp_path, root) as begin, begin(effort=Effort(concurrency=1)) as job:
        async for event in job:
            if isinstance(event, FileDone) and box.faults.list_all():
                root.rename(tmp_path / "hidden")
                box.faults.clear()
                asyncio.get_running_loop().call_later(3, (tmp_path / "hidden").rename, root)

    assert job.report.shards.moved >= 1
    check_report(job.report, paths)
    check_service(box, paths)


@pytest.mark.servers
@pytest.mark.timeout(120)
async def test_a_machine_that_cannot_read_a_share_does_not_count_as_having_it(box, server, tmp_path) -> None:
    root, hidden = tmp_path / "share", tmp_path / "hidden"
    paths = plant(root, 2, 4)
    pauses: list[str] = []
    async with workers(box, server, tmp_path, root) as begin, await Cluster.open(server.address) as cluster:
        root.rename(hidden)
        table = await cluster.table(WORKERS)
        async with asyncio.timeout(40):
            while [row.fields["shares"] for row in (await table.rows()).values()] != [[]]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        async with begin() as job:
            async for event in job:
                if isinstance(event, Progress) and event.paused and not pauses:
                    pauses.append(event.paused)
                    hidden.rename(root)

    assert pauses == ["no worker has the share fs01"]
    check_report(job.report, paths)
