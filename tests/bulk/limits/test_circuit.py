"""Circuit breaker: when it opens, how it probes, and when it gives up."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.response_table import HostState

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
