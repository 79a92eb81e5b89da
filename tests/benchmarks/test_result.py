"""When a row misses its bound: only when its whole interval lies on the wrong side."""

import pytest

from benchmarks.result import Result


def rate(ratio, low=None, high=None, *, must=2.0, stretch=3.0):
    return Result(name="n", baseline="b", ratio=ratio, low=low, high=high, must=must, stretch=stretch)


def cost(ratio, low=None, high=None, *, must=20.0, stretch=8.0):
    bounds = {"must": must, "stretch": stretch, "higher_is_better": False}
    return Result(name="n", baseline="b", ratio=ratio, low=low, high=high, **bounds)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (rate(3.1, 2.9, 3.3), "stretch"),
        (rate(3.0), "stretch"),
        (rate(2.5, 2.1, 2.9), "must"),
        (rate(2.5, 2.1, 3.4), "must"),
        (rate(1.9, 1.7, 2.0), "must"),
        (rate(1.9, 1.7, 1.99), "MISS"),
        (rate(1.9), "MISS"),
        (rate(0.0), "MISS"),
        (rate(2.5, stretch=None), "must"),
        (rate(2.5, must=None), "info"),
        (rate(None), "absent"),
        (cost(7.0, 5.0, 9.0), "stretch"),
        (cost(15.0), "must"),
        (cost(30.0, 20.0, 70.0), "must"),
        (cost(30.0, 20.1, 70.0), "MISS"),
    ],
)
def test_the_status_of_a_row(row, status):
    assert row.status == status


def test_a_baseline_that_is_not_there_fails_nothing():
    assert Result(name="n", baseline="rclone", must=5, note="rclone is not installed").status == "absent"
