"""Rates of a job do not jump with the steps in which processes report."""

from coredata_async.cluster.progress import Rates


def test_a_first_look_has_no_rate() -> None:
    assert Rates().add(100.0, 5_000, 10) == (0.0, 0.0)


def test_rates_are_those_of_the_last_half_minute() -> None:
    rates = Rates()
    shown = [rates.add(float(now), 75 * (now // 7.5), 0)[0] for now in range(91)]

    assert all(7.5 <= rate <= 12.5 for rate in shown[31:])


def test_counts_that_fall_because_a_shard_has_moved_give_no_negative_rate() -> None:
    rates = Rates()
    rates.add(0.0, 100, 1_000)

    assert rates.add(1.0, 60, 600) == (0.0, 0.0)
