"""Objects whose content was damaged: they are errors, and an earlier checkpoint takes their place."""

import asyncio
from types import SimpleNamespace

import pytest

from coredata_async.cluster.errors import DamagedObjectError
from coredata_async.cluster.objects import ATTEMPTS, Objects
from coredata_async.cluster.shard_work import latest_journal, suspect_owner
from coredata_async.cluster.table import Row

pytestmark = [pytest.mark.servers, pytest.mark.timeout(60)]

CHUNKS = "$O.cd-x.C.>"


class Store:
    """A store whose first reads go wrong."""

    def __init__(self, wrong: int, kind: str) -> None:
        self.wrong, self.kind, self.reads = wrong, kind, 0

    async def get(self, name: str) -> object:
        self.reads += 1
        if self.reads > self.wrong:
            return SimpleNamespace(data=b"content", info=SimpleNamespace(size=7))
        if self.kind == "hangs":
            await asyncio.Event().wait()
        return SimpleNamespace(data=b"con", info=SimpleNamespace(size=7))


async def damage(cluster, how: str) -> None:
    """Damage the object that was written last."""
    stream = cluster._stream
    if how == "missing":
        await stream.purge_stream("OBJ_cd-x", subject=CHUNKS, keep=0)
    else:
        last = await stream.get_last_msg("OBJ_cd-x", CHUNKS)
        await stream.delete_msg("OBJ_cd-x", last.seq)
        await stream.publish(last.subject, b"?" * len(last.data or b""))


async def open_objects(cluster) -> Objects:
    objects = await cluster.objects("cd-x")
    return Objects(objects._store, "cd-x", timeout=0.5)


@pytest.mark.parametrize("kind", ["hangs", "is cut off"])
async def test_a_read_that_goes_wrong_is_repeated(kind: str) -> None:
    store = Store(2, kind)

    assert await Objects(store, "store", timeout=0.2).get("a") == b"content"
    assert store.reads == 3


async def test_an_object_that_is_always_cut_off_is_damaged() -> None:
    with pytest.raises(DamagedObjectError, match="3 of 7 bytes came"):
        await Objects(Store(ATTEMPTS, "is cut off"), "store").get("a")


@pytest.mark.parametrize("how", ["missing", "changed"])
async def test_an_object_with_missing_or_changed_content_is_damaged(cluster, how: str) -> None:
    objects = await open_objects(cluster)
    await objects.put("a", b"x" * 300_000)
    await damage(cluster, how)

    with pytest.raises(DamagedObjectError, match="the object a of the cluster is damaged"):
        await objects.get("a")


async def test_a_damaged_checkpoint_is_replaced_by_an_earlier_one(cluster) -> None:
    objects = await open_objects(cluster)
    await objects.put("shard.0.1.0", b"plan")
    await objects.put("shard.0.1.0.1", b"first")
    await objects.put("shard.0.1.0.2", b"second")
    await damage(cluster, "changed")

    assert await latest_journal(objects, "shard.0.1.0", 3) == b"first"
    assert await suspect_owner(objects, Row("shard.0.1.0", {"epoch": 1}, 1), "shard.0.1.0") == 2


async def test_a_damaged_plan_is_an_error_that_counts(cluster) -> None:
    objects = await open_objects(cluster)
    await objects.put("shard.0.1.0", b"plan")
    await damage(cluster, "changed")

    with pytest.raises(DamagedObjectError):
        await latest_journal(objects, "shard.0.1.0", 1)
