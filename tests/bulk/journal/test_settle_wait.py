"""Settle wait: it counts from the moment in the journal, by a monotonic clock."""

import asyncio

import pytest

from coredata_async import Retry
from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.settle_wait import FIRST_CHECK, Sent, SettleWait, read_sent, suspect, waive
from tests.bulk import virtual
from tests.bulk.journals import opened

RETRY = Retry(settle=120, probe_gap=10)
CREATED = 1_700_000_000.0


def a_wait(
    sent: Sent, *, now: float = CREATED, announced: list | None = None, retry: Retry = RETRY
) -> SettleWait:
    async def announce(seconds: float, reason: str) -> None:
        if announced is not None:
            announced.append((seconds, reason))

    return SettleWait(retry, sent, announce, clock=virtual.now, wall=lambda: now)


def waited(sent: Sent, now: float, **options) -> float:
    """Return the seconds that a run waits if it begins at `now`."""

    async def main() -> float:
        await a_wait(sent, now=now).over(**options)
        return virtual.now()

    return virtual.run(main)


@pytest.mark.parametrize(
    ("later", "seconds"), [(0, 130), (50, 80), (129.5, 0.5), (130, 0), (1e6, 0), (-3600, 130)]
)
def test_the_rest_counts_from_the_beginning_of_the_journal(later: float, seconds: float) -> None:
    """A clock that was set back makes the wait begin again, and never makes it longer."""
    assert waited(Sent(CREATED), CREATED + later) == pytest.approx(seconds)


def test_the_first_check_is_earlier_and_counts_from_the_same_moment() -> None:
    assert waited(Sent(CREATED), CREATED, full=False) == pytest.approx(FIRST_CHECK)
    assert waited(Sent(CREATED), CREATED + 2, full=False) == pytest.approx(FIRST_CHECK - 2)


def test_without_another_process_there_is_no_wait() -> None:
    assert waited(Sent(None), CREATED) == 0


def test_it_is_announced_once_and_counted_once_for_all_that_wait() -> None:
    announced: list[tuple[float, str]] = []

    async def main() -> SettleWait:
        wait = a_wait(Sent(CREATED), announced=announced)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(wait.over())
        return wait

    wait = virtual.run(main)

    assert [seconds for seconds, _ in announced] == [130]
    assert wait.waited == pytest.approx(130)
    assert not wait.interrupted


def test_an_interrupted_wait_is_marked() -> None:
    async def main() -> tuple[bool, float, float]:
        wait = a_wait(Sent(CREATED))
        task = asyncio.ensure_future(wait.over())
        await asyncio.sleep(30)
        assert wait.is_waited_for
        task.cancel()
        await asyncio.wait({task})
        return wait.interrupted, wait.waited, wait.remaining()

    interrupted, waited, left = virtual.run(main)

    assert interrupted
    assert (waited, left) == (pytest.approx(30), pytest.approx(100))


async def test_the_journal_keeps_the_last_moment_of_another_process(tmp_path) -> None:
    path = tmp_path / "job.sqlite"
    async with opened(path) as journal:
        created, by = await journal.read(lambda db: db.execute("SELECT created, 'lost' FROM job").fetchone())
        assert await journal.read(read_sent) == Sent(created, by)
    async with opened(path) as journal:
        await journal.read(take_over)
        assert await journal.read(read_sent) == Sent(created, "lost")
        await journal.read(lambda db: take_over(db, created + 7))
        assert await journal.read(read_sent) == Sent(created + 7, "other")
    async with opened(path) as journal:
        await journal.read(lambda db: suspect(db, created + 3, "damaged"))
        assert (await journal.read(read_sent)).until == created + 7
        await journal.read(waive)
    async with opened(path) as journal:
        await journal.read(take_over)
        assert (await journal.read(read_sent)).until is None
