"""Requests in flight: simulated services, and the rules one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.bulk.limits.outcome import Outcome, classify
from tests.bulk.simulated import Service, exchanged, run_workers
from tests.bulk.virtual import now, run


def feed(policy: Aimd, event, at: float, *, full: bool = True, times: int = 1) -> int:
    for _ in range(times):
        policy.record(event, classify(event), at, full=full)
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
    policy.record(exchanged(201), Outcome.THROTTLED, 1, full=True)

    assert policy.width == 5
