"""Cause of failures: the rules, and two servers that differ in nothing else."""

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
from tests.bulk.simulated import POST
from tests.bulk.virtual import now, run


def count(blame: Blame, failed: int, of: int, now: float = 0) -> set[Trial]:
    """Count this many requests, the failed ones first, and return all states that were returned."""
    return {blame.count(now, failed=number < failed) for number in range(of)}


def cut_after(failed: int, of: int) -> Blame:
    blame = Blame()
    count(blame, failed, of)
    blame.cut()
    return blame


def test_a_decrease_without_an_effect_prevents_further_ones_for_a_while() -> None:
    blame = cut_after(10, 50)

    assert count(blame, 10, 49, 100) == {Trial.RUNNING}
    assert count(blame, 0, 1, 100) == {Trial.FUTILE}
    assert count(blame, 2, 10, 101) == {Trial.NONE}
    assert not blame.allows_cut(129)
    count(blame, 10, 50, 130)
    assert blame.allows_cut(130)


@pytest.mark.parametrize(("before", "after"), [(10, 5), (40, 40)], ids=["it helped", "most fail"])
def test_a_decrease_that_helps_or_a_mostly_failing_service_allows_more(before: int, after: int) -> None:
    blame = cut_after(before, 50)

    assert Trial.FUTILE not in count(blame, after, 50)
    assert blame.allows_cut(0)


def test_a_decrease_before_enough_requests_begins_no_comparison() -> None:
    assert count(cut_after(5, 20), 10, 60) == {Trial.NONE}


def test_a_growing_share_allows_a_decrease_again() -> None:
    blame = cut_after(10, 50)
    count(blame, 10, 50, 100)
    assert not blame.allows_cut(101)

    count(blame, 40, 60, 101)

    assert blame.allows_cut(101)


def test_the_first_failure_suffices_and_later_ones_need_more_requests() -> None:
    blame = Blame()
    blame.count(0, failed=True)
    assert blame.allows_cut(0)
    blame.cut()

    count(blame, 3, 7)
    assert not blame.allows_cut(1)
    count(blame, 20, 20)
    assert blame.allows_cut(1)


@define
class Server:
    """Server that answers after 0.2 s; `fails` decides by number and load which requests fail."""

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


def width_after(server: Server, seconds: float = 60) -> int:
    """Send with 64 workers for this many seconds, and return the resulting width."""

    async def main() -> int:
        gate = AdaptiveLimiter("it", Aimd(), Circuit(900), Cubic(), on_stop=print, clock=now)
        send = limit_concurrency(trace(server.send, [gate.record], clock=now), gate, None)

        async def worker() -> None:
            while True:
                await send(POST)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(64):
                    group.create_task(worker())
        return gate.width

    return run(main)


@pytest.mark.parametrize(
    ("status", "retry_after"), [(503, "30"), (503, "1"), (503, None), (500, None), (524, None)]
)
@pytest.mark.parametrize("every", [5, 10])
def test_errors_that_do_not_depend_on_the_load_do_not_stall_the_job(
    status: int, retry_after: str | None, every: int
) -> None:
    plain = Server(lambda *_: False)
    odd = Server(lambda number, _: number % every == 0, status, retry_after)
    width_after(plain)
    width = width_after(odd)

    assert width > 30
    assert odd.asked > 0.75 * plain.asked


@pytest.mark.parametrize("retry_after", [None, "1"])
def test_a_service_that_fails_because_of_the_load_gets_fewer_requests(retry_after: str | None) -> None:
    far = Server(lambda _, under_way: under_way > 16, 503, retry_after)

    width = width_after(far)

    assert width <= 24
    assert far.granted > 0.6 * 60 * 16 / 0.2
    assert far.granted > 0.9 * far.asked


def test_a_service_that_rejects_everything_gets_no_request_before_its_retry_after() -> None:
    far = Server(lambda *_: True, 503, "30")
    width_after(far)

    assert far.asked <= 64 + 3
