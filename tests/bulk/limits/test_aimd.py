"""Requests in flight: simulated services, and the rules one by one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd, Blame, Trial
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, state_of
from coredata_async.bulk.limits.pacing import Circuit, Cubic
from coredata_async.message import Reply, Request
from coredata_async.response_table import HostState
from coredata_async.transport.throttle import limit_concurrency
from coredata_async.transport.trace import trace
from tests.bulk.simulated import POST, Service, exchanged, run_workers
from tests.bulk.virtual import now, run


def feed(policy: Aimd, event, at: float, *, full: bool = True, times: int = 1) -> int:
    for _ in range(times):
        policy.record(event, state_of(event), at, full=full)
    return policy.width


def test_it_grows_by_one_after_as_many_successes_as_it_is_wide() -> None:
    policy = Aimd()

    assert feed(policy, exchanged(), 1, times=7) == 8
    assert feed(policy, exchanged(), 1) == 9
    assert feed(policy, exchanged(), 1, times=9) == 10


def test_unused_slots_prove_nothing() -> None:
    assert feed(Aimd(), exchanged(), 1, full=False, times=1000) == 8


def test_slow_responses_do_not_increase_it() -> None:
    policy = Aimd()
    feed(policy, exchanged(seconds=0.1), 1)

    assert feed(policy, exchanged(seconds=0.5), 2, times=1000) == 8
    assert feed(policy, exchanged(seconds=0.1), 3, times=1000) > 20


def test_each_kind_of_request_is_compared_with_itself() -> None:
    policy = Aimd()
    feed(policy, exchanged(seconds=0.001), 1)
    listing = exchanged(200, 2.0).__class__("GET", "/api/v2/files/", 200, 2.0)

    assert feed(policy, listing, 2, times=9) == 9


def test_a_permanently_slower_service_is_not_compared_with_its_best_time() -> None:
    policy = Aimd()
    feed(policy, exchanged(seconds=0.1), 0)
    width = feed(policy, exchanged(seconds=0.3), 1, times=100)
    assert width == 8

    for second in range(2, 1200):
        feed(policy, exchanged(seconds=0.3), second)

    assert policy.width > 20


@pytest.mark.parametrize("event", [exchanged(429), exchanged(429, retry_after=9), exchanged(503)])
def test_a_throttling_response_decreases_it(event) -> None:
    policy = Aimd()

    assert feed(policy, event, 10) == 5


def test_all_requests_in_flight_count_once() -> None:
    policy = Aimd()

    assert feed(policy, exchanged(429), 10, times=8) == 5
    assert feed(policy, exchanged(429), 10.9, times=8) == 5
    assert feed(policy, exchanged(429, seconds=5), 14, times=8) == 5  # sent before the first decrease
    assert feed(policy, exchanged(429, seconds=2), 14, times=8) == 3


def test_a_few_failures_are_tolerated_and_more_halve_it() -> None:
    policy = Aimd()
    for second in range(400):
        feed(policy, exchanged(None if second % 50 == 0 else 201), second, full=False)
    assert policy.width == 8

    assert feed(policy, exchanged(500), 500, times=10) == 4


def test_an_unreadable_source_has_no_effect() -> None:
    policy = Aimd()

    assert feed(policy, exchanged(None, error="SourceChangedError"), 1, times=500) == 8


def test_after_an_outage_it_starts_again() -> None:
    wide, narrow = Aimd(), Aimd()
    assert feed(wide, exchanged(), 1, times=2000) > 40
    assert feed(narrow, exchanged(None), 1, times=20) < 8

    for policy in (wide, narrow):
        policy.restart()
        assert policy.width == 8


@settings(deadline=None)
@given(
    ceiling=st.integers(1, 200),
    steps=st.lists(
        st.tuples(st.sampled_from([201, 429, 503, 500, 404, None]), st.floats(0, 9), st.booleans()),
        max_size=200,
    ),
)
def test_it_stays_within_its_bounds(ceiling, steps) -> None:
    policy, time = Aimd(ceiling), 0.0
    for status, wait, full in steps:
        time += wait
        feed(policy, exchanged(status, wait), time, full=full, times=20)
        assert min(2, ceiling) <= policy.width <= ceiling


def test_it_finds_the_capacity_of_a_service() -> None:
    service = Service(at_once=16)

    async def main() -> int:
        gate = AdaptiveLimiter("it", Aimd(), Circuit(900), on_stop=print, clock=now)
        await run_workers(gate, service, 64, 10)
        service.forget()
        await run_workers(gate, service, 64, 10)
        return gate.width

    width = run(main)

    assert 16 <= width <= 55  # not all 64: with three times as many, each waits three times as long
    assert service.granted / 10 > 0.97 * 16 / 0.02


def test_it_depends_on_outcomes_and_not_on_statuses() -> None:
    policy = Aimd()
    policy.record(exchanged(201), HostState.THROTTLES, 1, full=True)

    assert policy.width == 5


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
