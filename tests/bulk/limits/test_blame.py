"""Why requests fail: the rules, and two far ends that differ in nothing else."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from attrs import define

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.blame import Blame, Trial
from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.cubic import Cubic
from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.message import Reply, Request
from coredata_async.transport.throttle import limit_concurrency
from coredata_async.transport.trace import trace
from tests.bulk.far_end import POST
from tests.bulk.virtual import now, run


def counted(blame: Blame, failed: int, of: int, now: float = 0) -> set[Trial]:
    """Count so many requests, those that failed first, and give what was said meanwhile."""
    return {blame.count(now, failed=number < failed) for number in range(of)}


def cut_after(failed: int, of: int) -> Blame:
    blame = Blame()
    counted(blame, failed, of)
    blame.cut()
    return blame


def test_a_cut_that_changes_nothing_excuses_the_load_for_a_while() -> None:
    blame = cut_after(10, 50)

    assert counted(blame, 10, 49, 100) == {Trial.RUNNING}
    assert counted(blame, 0, 1, 100) == {Trial.FUTILE}
    assert counted(blame, 2, 10, 101) == {Trial.NONE}
    assert not blame.allows_cut(129)
    counted(blame, 10, 50, 130)
    assert blame.allows_cut(130)


@pytest.mark.parametrize(("before", "after"), [(10, 5), (40, 40)], ids=["it helped", "most fail"])
def test_a_cut_that_helps_or_a_service_that_fails_mostly_leaves_the_blame(before: int, after: int) -> None:
    blame = cut_after(before, 50)

    assert Trial.FUTILE not in counted(blame, after, 50)
    assert blame.allows_cut(0)


def test_a_cut_before_enough_requests_is_no_trial() -> None:
    assert counted(cut_after(5, 20), 10, 60) == {Trial.NONE}


def test_a_share_that_grows_is_no_longer_excused() -> None:
    blame = cut_after(10, 50)
    counted(blame, 10, 50, 100)
    assert not blame.allows_cut(101)

    counted(blame, 40, 60, 101)

    assert blame.allows_cut(101)


def test_the_first_failure_is_a_reason_and_the_next_ones_need_company() -> None:
    blame = Blame()
    blame.count(0, failed=True)
    assert blame.allows_cut(0)
    blame.cut()

    counted(blame, 3, 7)
    assert not blame.allows_cut(1)
    counted(blame, 20, 20)
    assert blame.allows_cut(1)


@define
class FarEnd:
    """Answers after 0.2 s; `fails` says which requests get an error, by number and those in flight."""

    fails: Callable[[int, int], bool]
    status: int = 503
    retry_after: str | None = None
    asked: int = 0
    granted: int = 0
    _under_way: int = 0

    async def send(self, _: Request) -> Reply:
        self.asked += 1
        self._under_way += 1
        failed = self.fails(self.asked, self._under_way)
        await asyncio.sleep(0.2)
        self._under_way -= 1
        if not failed:
            self.granted += 1
            return Reply(201)
        return Reply(self.status, {"Retry-After": self.retry_after} if self.retry_after else {})


def worked(far: FarEnd, seconds: float = 60) -> int:
    """Let 64 workers send for so long, and give the width that came of it."""

    async def main() -> int:
        gate = AdaptiveLimiter("it", Aimd(), Circuit(900), Cubic(), on_stop=print, clock=now)
        send = limit_concurrency(trace(far.send, [gate.record], clock=now), gate, None)

        async def lane() -> None:
            while True:
                await send(POST)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(64):
                    group.create_task(lane())
        return gate.width

    return run(main)


@pytest.mark.parametrize(
    ("status", "retry_after"), [(503, "30"), (503, "1"), (503, None), (500, None), (524, None)]
)
@pytest.mark.parametrize("every", [5, 10])
def test_errors_that_do_not_depend_on_the_load_stall_nothing(
    status: int, retry_after: str | None, every: int
) -> None:
    plain = FarEnd(lambda *_: False)
    odd = FarEnd(lambda number, _: number % every == 0, status, retry_after)
    worked(plain)
    width = worked(odd)

    assert width > 30
    assert odd.asked > 0.75 * plain.asked


@pytest.mark.parametrize("retry_after", [None, "1"])
def test_a_service_that_fails_because_of_the_load_is_asked_for_less(retry_after: str | None) -> None:
    far = FarEnd(lambda _, under_way: under_way > 16, 503, retry_after)

    width = worked(far)

    assert width <= 24
    assert far.granted > 0.6 * 60 * 16 / 0.2
    assert far.granted > 0.9 * far.asked


def test_a_service_that_turns_everything_away_is_asked_no_earlier_than_it_wished() -> None:
    far = FarEnd(lambda *_: True, 503, "30")
    worked(far)

    assert far.asked <= 64 + 3
