"""The median, and how far it may be trusted."""

import statistics

import pytest

from benchmarks.intervals import median_interval, ratios


def test_one_value_is_its_own_interval():
    found = median_interval([2.0])

    assert (found.low, found.median, found.high) == (2.0, 2.0, 2.0)


def test_no_values_are_an_error():
    with pytest.raises(statistics.StatisticsError):
        median_interval([])


def test_the_same_rounds_give_the_same_interval():
    values = [1.0, 1.3, 0.9, 1.1, 1.2, 1.05]

    assert median_interval(values) == median_interval(values)


def test_the_interval_holds_the_median_and_stays_within_the_values():
    values = [1.0, 1.5, 2.0, 2.5, 30.0]
    found = median_interval(values)

    assert found.median == 2.0
    assert min(values) <= found.low <= found.median <= found.high <= max(values)


def test_more_rounds_narrow_it():
    few, many = median_interval([1.0, 2.0, 3.0] * 2), median_interval([1.0, 2.0, 3.0] * 60)

    assert many.high - many.low < few.high - few.low


def test_one_disturbed_round_among_many_does_not_move_it():
    calm = median_interval([2.0] * 20)
    disturbed = median_interval([2.0] * 19 + [0.1])

    assert disturbed == calm


def test_ratios_are_taken_round_by_round():
    assert ratios([4.0, 9.0], [2.0, 3.0]) == [2.0, 3.0]


def test_rounds_that_do_not_match_are_an_error():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])
