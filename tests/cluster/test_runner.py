"""The runner of tasks in one worker process: what it writes before it works."""

from types import SimpleNamespace

from coredata_async.cluster.runner import TaskRunner
from coredata_async.cluster.take import LeaseTaker
from tests.cluster.memory import MemoryTable

KEY = "shard.0.1.0"


async def test_the_death_of_the_last_owner_is_in_the_entry_before_the_task_begins() -> None:
    # Otherwise a shard that ends each process before its first renewal would never be given up.
    tasks, workers = MemoryTable(), MemoryTable()

    async def table(name: str) -> MemoryTable:
        return workers

    await LeaseTaker(owner="first", length=0.01).take(tasks, KEY)
    lease = await LeaseTaker(owner="second", length=0.01).take(tasks, KEY)
    runner = SimpleNamespace(cluster=SimpleNamespace(table=table))

    await TaskRunner._note_death(runner, lease, "first")

    row = await tasks.get(KEY)
    assert (row.fields["deaths"], row.fields["fences"], row.fields["owner"]) == (1, 1, "second")
