"""Requests per second against services that throttle, in virtual time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.cubic import FLOOR, Cubic
from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.response_table import HostState
from tests.bulk.simulated import Service, run_workers
from tests.bulk.virtual import now, run


def run_against(service: Service, *, cubic: bool = True, before: float = 30, seconds: float = 60) -> None:
    """Run against a service; afterwards it holds the counts after the first half minute."""

    async def main() -> None:
        gate = AdaptiveLimiter(
            "it",
            Aimd(),
            Circuit(900),
            Cubic() if cubic else None,
            on_stop=print,
            clock=now,
            jitter=lambda: 0.5,
        )
        await run_workers(gate, service, 32, before)
        service.forget()
        await run_workers(gate, service, 32, seconds)

    run(main)


@pytest.mark.parametrize("latency", [0.02, 0.3])
@pytest.mark.parametrize("retry_after", [None, 1])
@pytest.mark.parametrize("kind", [{"burst": 5}, {"burst": 50}, {"window": 1.0}])
def test_a_service_that_grants_fifty_per_second_is_used_well_and_rarely_refuses(
    kind: dict[str, float], retry_after: float | None, latency: float
) -> None:
    service = Service(rate=50, retry_after=retry_after, latency=latency, **kind)

    run_against(service)

    assert service.granted >= 0.85 * 50 * 60
    assert service.refused < 0.02 * (service.granted + service.refused)


def test_without_it_many_requests_are_refused_or_unused() -> None:
    service = Service(rate=50, retry_after=1)

    run_against(service, cubic=False)

    assert service.refused > 0.1 * service.granted
    assert service.granted < 0.5 * 50 * 60


def test_a_service_that_grants_more_again_gets_more_requests() -> None:
    service = Service(rate=20, burst=20)

    async def main() -> float:
        gate = AdaptiveLimiter("it", Aimd(), Circuit(900), Cubic(), on_stop=print, clock=now)
        await run_workers(gate, service, 32, 60)
        service.rate = 200
        await run_workers(gate, service, 32, 90)
        service.forget()
        await run_workers(gate, service, 32, 30)
        return service.granted / 30

    assert run(main) > 0.85 * 200


def test_a_service_that_refused_everything_for_minutes_is_soon_used_again() -> None:
    service = Service(rate=0.001, burst=50)

    async def main() -> float:
        gate = AdaptiveLimiter("it", Aimd(), Circuit(900), Cubic(), on_stop=print, clock=now)
        await run_workers(gate, service, 32, 600)
        assert service.refused < 500  # in ten minutes
        service.rate = 50
        await run_workers(gate, service, 32, 60)
        service.forget()
        await run_workers(gate, service, 32, 30)
        return service.granted / 30

    assert run(main) > 0.8 * 50


def test_it_is_off_until_the_first_429() -> None:
    cubic = Cubic()
    for second in range(100):
        cubic.record(HostState.WORKS, second, 0.1)
        cubic.record(HostState.FAILS, second, 0.1)
        cubic.record(HostState.OVERLOADED, second, 0.1)
        cubic.start(second)

    assert (cubic.rate, cubic.opens) == (None, 0)


def throttled(rate: int = 50, seconds: int = 20) -> Cubic:
    cubic = Cubic()
    for number in range(rate * seconds):
        cubic.record(HostState.WORKS, number / rate, 0.01)
    cubic.record(HostState.THROTTLES, seconds, 0.01)
    return cubic


def test_the_first_429_sets_it_below_what_was_granted() -> None:
    assert throttled().rate == pytest.approx(0.85 * 50, rel=0.05)


def test_requests_sent_before_the_decrease_do_not_decrease_it_again() -> None:
    cubic = throttled()
    rate = cubic.rate
    for _ in range(50):
        cubic.record(HostState.THROTTLES, 22, 2.5)
        cubic.record(HostState.THROTTLES, 20.9, 0.1)

    assert cubic.rate == rate


def test_starts_are_spread_evenly() -> None:
    cubic = throttled()
    starts = []
    for _ in range(10):
        starts.append(cubic.opens)
        cubic.start(cubic.opens)

    gaps = [after - before for before, after in pairwise(starts)]
    assert gaps == pytest.approx([1 / cubic.rate] * 9, rel=0.2)


def test_a_late_start_is_compensated_and_idle_time_is_not_saved() -> None:
    cubic = throttled()
    cubic.start(20.0)
    due = cubic.opens
    cubic.start(due + 0.01)
    assert cubic.opens == pytest.approx(due + 1 / cubic.rate)

    cubic.start(500.0)
    assert cubic.opens == pytest.approx(500 - 0.02 + 1 / cubic.rate)


def test_a_pause_does_not_raise_it() -> None:
    cubic = throttled()
    for _ in range(9):
        cubic.start(cubic.opens)
    before = cubic.rate

    cubic.start(3000.0)

    assert cubic.rate == pytest.approx(before, rel=0.01)


def test_a_service_that_refuses_everything_still_gets_a_request_now_and_then() -> None:
    cubic = Cubic()
    for second in range(100):
        cubic.start(second)
        cubic.record(HostState.THROTTLES, second, 0.01)

    assert cubic.rate == FLOOR


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(HostState), st.floats(0, 90), st.floats(0, 90), st.booleans()), max_size=100
    )
)
def test_the_rate_is_never_zero_and_the_next_time_never_further_than_its_gap(steps) -> None:
    cubic, time = Cubic(), 1000.0
    for outcome, wait, seconds, begins in steps:
        time += wait
        if begins and cubic.opens <= time:
            cubic.start(time)
        cubic.record(outcome, time, seconds)
        assert cubic.rate is None or cubic.rate >= FLOOR
        assert cubic.opens <= time + 1 / FLOOR
