"""A server that has lost a confirmed write: the owner stops, and the next one waits for its requests."""

import asyncio

import pytest

from coredata_async.bulk.options import Effort
from coredata_async.cluster import ClusterJob
from tests.cluster.fleet import LEASE, RETRY, check_report, check_service, fleet_of

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


async def test_a_shard_whose_lease_was_lost_by_the_server_is_waited_for(
    box, server, cluster, tmp_path
) -> None:
    box.faults.delay("files.register", 0.5, times=None)
    async with fleet_of(2, box, server, cluster, tmp_path, folders=1, files=60) as (fleet, paths):
        job = ClusterJob(
            cluster, ["fs01:/"], parent=box.project, retry=RETRY, effort=Effort(concurrency=4), shard_files=60
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(job.run())
            await fleet.busy()
            await asyncio.sleep(1)  # some of 7.5
            table = await cluster.table(f"cd-{job.id}-shards")
            [row] = [row for row in (await table.rows()).values() if row.key.startswith("shard.")]
            revision = None
            while revision is None:  # unless the owner renews at this moment
                row = await table.get(row.key)
                owned = {**row.fields, "epoch": 0, "owner": None, "sent_until": None}
                revision = await table.update(row.key, owned, row.revision)
            await asyncio.sleep(LEASE / 2)
            before = len(list(box.state.files))
            await asyncio.sleep(LEASE)  # the owner has stopped, and the next one watches the entry
            assert len(list(box.state.files)) == before < len(paths)
            await running

    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.shards.moved == 1
