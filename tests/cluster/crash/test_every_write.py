"""Processes that are killed or frozen at durable writes. `benchmarks.cluster_crash` runs all of them."""

import pytest

from tests.cluster.servers import ClusterServer

from .campaign import SHORT, campaign, outcomes_of
from .points import Point
from .scene import Case, run_case, scene_of

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

KILLS = (
    Point("kv scan claim", 1, "sent"),
    Point("folders.create", 1, "sent"),
    Point("queue", 2, "before"),
    Point("kv scan release", 1, "before"),
    Point("kv shard claim", 2, "sent"),
    Point("storage.put", 4, "sent"),
    Point("files.register", 3, "before"),
    Point("files.register", 8, "sent"),
    Point("kv shard release", 1, "before"),
)
FREEZES = (
    Point("kv folder release", 1, "before", "freeze"),
    Point("kv shard claim", 1, "sent", "freeze"),
    Point("files.register", 2, "before", "freeze"),
)
SAMPLE = (
    *(Case(point=point) for point in (*KILLS, *FREEZES)),
    Case(point=Point("files.register", 4, "before", "freeze"), freeze=SHORT),
    Case(point=Point("kv lock", 1, "after"), coordinator=True),
    Case(point=Point("kv lock", 2, "before"), coordinator=True),
)


@pytest.fixture
async def cases(tmp_path):
    server = ClusterServer(tmp_path / "server")
    server.start()
    try:
        async with campaign(server, tmp_path, width=15) as found:
            yield found
    finally:
        server.kill()


async def test_each_file_is_uploaded_once_whatever_a_worker_was_writing(cases) -> None:
    outcomes = await outcomes_of(cases, SAMPLE)

    assert [str(outcome) for outcome in outcomes if not outcome.clean] == []
    assert [str(outcome) for outcome in outcomes if not outcome.reached] == []


async def test_checkpoints_may_come_before_a_shard_is_open(cases) -> None:
    where = (cases.victims, cases.address, cases.cluster, "frequent", cases.where)
    async with scene_of(*where) as scene:
        scene.checkpoints = 0.01
        outcome = await run_case(scene, Case())

    assert outcome.clean, outcome
    assert outcome.moved == 0
