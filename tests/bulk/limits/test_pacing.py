"""Pacing: when the circuit opens, probes and gives up, and the rate after a 429."""

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.bulk.limits.pacing import FLOOR, Circuit, Cubic
from coredata_async.response_table import HostState
from tests.bulk.simulated import Service, run_workers
from tests.bulk.virtual import now, run

OK, BAD, GONE = HostState.WORKS, HostState.FAILS, HostState.OVERLOADED


def opened(patience: float = 900.0, at: float = 100.0) -> Circuit:
    circuit = Circuit(patience)
    for _ in range(20):
        circuit.record(BAD, at, 0.1)
    assert circuit.is_open
    return circuit


def test_more_than_half_of_twenty_requests_open_it() -> None:
    circuit = Circuit(900)
    for number in range(20):
        circuit.record(OK if number % 2 else BAD, 100 + number / 10, 0.1)
    assert not circuit.is_open

    circuit.record(GONE, 102, 0.1)

    assert (circuit.is_open, circuit.opens) == (True, 107)


def test_fewer_than_twenty_do_not_open_it_at_once() -> None:
    circuit = Circuit(900)
    for _ in range(19):
        circuit.record(BAD, 100, 0.1)

    assert (circuit.is_open, circuit.opens) == (False, 0)


def test_failures_of_long_ago_do_not_count() -> None:
    circuit = Circuit(900)
    for _ in range(12):
        circuit.record(BAD, 100, 0.1)
        circuit.record(OK, 100, 0.1)
    for number in range(12):
        circuit.record(BAD, 121 + number, 0.1)
        circuit.record(OK, 121 + number, 0.1)
        circuit.record(OK, 121 + number, 0.1)

    assert not circuit.is_open


def test_four_workers_that_all_time_out_open_it() -> None:
    circuit = Circuit(900)
    for worker in range(3):
        circuit.record(BAD, 160 + worker / 10, 60)
    assert not circuit.is_open

    circuit.record(BAD, 160.5, 60)

    assert circuit.is_open


def test_one_worker_that_is_refused_repeatedly_opens_it_after_a_window() -> None:
    circuit = Circuit(900)
    for number in range(10):
        circuit.record(BAD, 100 + 2 * number, 0.01)
    assert not circuit.is_open

    circuit.record(BAD, 120, 0.01)

    assert circuit.is_open


def test_one_success_breaks_the_row() -> None:
    circuit = Circuit(900)
    for number in range(12):
        circuit.record(OK if number % 4 == 3 else BAD, 100 + 10 * number, 9)

    assert not circuit.is_open


@pytest.mark.parametrize("outcome", [HostState.THROTTLES, HostState.UNSEEN, OK])
def test_other_outcomes_never_open_it(outcome: HostState) -> None:
    circuit = Circuit(900)
    for number in range(200):
        circuit.record(outcome, 100 + number, 1)

    assert not circuit.is_open


def test_pauses_double_up_to_a_minute() -> None:
    circuit, pauses = opened(), []
    for _ in range(6):
        now = circuit.opens
        circuit.start(now)
        circuit.record(BAD, now + 1, 1)
        pauses.append(circuit.opens - now - 1)

    assert pauses == [10, 20, 40, 60, 60, 60]


def test_only_one_probe_is_sent_until_it_has_ended() -> None:
    circuit = opened()
    circuit.start(105)

    assert circuit.opens == 165  # in case it is lost, for example because its worker was cancelled
    circuit.record(HostState.UNSEEN, 106, 1)
    assert circuit.opens == 106


@pytest.mark.parametrize("outcome", [OK, HostState.THROTTLES])
def test_any_response_to_a_probe_closes_it(outcome: HostState) -> None:
    circuit = opened()
    circuit.start(105)

    circuit.record(outcome, 106, 1)

    assert (circuit.is_open, circuit.opens) == (False, 0)
    circuit.record(BAD, 107, 1)
    assert not circuit.is_open


def test_requests_that_began_before_it_opened_have_no_effect() -> None:
    circuit = opened()

    circuit.record(OK, 103, 10)
    circuit.record(BAD, 103, 60)

    assert (circuit.is_open, circuit.opens) == (True, 105)


def test_it_gives_up_when_the_last_probe_after_all_patience_fails() -> None:
    circuit = opened(patience=20)
    seen = []
    while not circuit.gave_up:
        now = circuit.opens
        seen.append(now - 100)
        circuit.start(now)
        circuit.record(BAD, now + 0.5, 0.5)

    assert seen == [5, 15.5, 20]
    assert circuit.opens == inf


def test_patience_begins_again_after_a_success() -> None:
    circuit = opened(patience=20)
    circuit.start(105)
    circuit.record(OK, 106, 1)
    for _ in range(20):
        circuit.record(BAD, 130, 0.1)
    circuit.start(135)
    circuit.record(BAD, 136, 1)

    assert not circuit.gave_up


def test_without_patience_one_probe_decides() -> None:
    circuit = opened(patience=0)
    assert circuit.opens == 100

    circuit.record(BAD, 100.1, 0.1)

    assert circuit.gave_up
    circuit.record(OK, 101, 0.1)
    assert (circuit.gave_up, circuit.opens) == (True, inf)


VERDICTS = st.sampled_from(HostState)
STEPS = st.lists(st.tuples(VERDICTS, st.floats(0, 30), st.floats(0, 200), st.booleans()), max_size=150)


@settings(deadline=None)
@given(steps=STEPS, patience=st.floats(0, 300))
def test_it_has_a_next_time_exactly_while_it_is_open(steps, patience) -> None:
    circuit, now = Circuit(patience), 1000.0
    for outcome, wait, seconds, begins in steps:
        now += wait
        if begins:
            circuit.start(now)
        circuit.record(outcome, now, seconds)
        assert circuit.is_open == (circuit.opens > 0)
        assert circuit.gave_up == (circuit.opens == inf)
        assert circuit.gave_up or circuit.opens <= now + 60


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
