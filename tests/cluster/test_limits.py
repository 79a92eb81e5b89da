"""Shares of the limits of an account: fair, and never more than the limit together."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.cluster.limits import AccountLimits, SharedLimits, divide, divide_whole, pace_of
from tests.cluster.memory import MemoryTable

LENGTH = 30.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Fleet:
    """Workers of one account, on one table and one clock."""

    def __init__(self, rate: float) -> None:
        self.rate, self.table, self.clock = rate, MemoryTable(), Clock()
        self.used: dict[str, float] = {}
        self.wants: dict[str, float] = {}
        self.workers: dict[str, SharedLimits] = {}

    def join(self, name: str, want: float = 1.0) -> SharedLimits:
        self.wants[name] = want

        def apply(shares) -> None:
            self.used[name] = shares["rate"]
            assert sum(self.used.values()) <= self.rate + 1e-6

        self.workers[name] = SharedLimits(
            table=self.table,
            key="account",
            worker=name,
            limits=AccountLimits(rate=self.rate),
            length=LENGTH,
            apply=apply,
            demand=lambda: self.wants[name],
            clock=self.clock,
        )
        return self.workers[name]

    async def rounds(self, number: int, seconds: float = 1.0) -> None:
        for _ in range(number):
            self.clock.now += seconds
            for worker in random.sample(list(self.workers.values()), len(self.workers)):
                await worker.refresh()

    def die(self, name: str) -> None:
        del self.workers[name]  # its share stays in the table, and counts as used until its lease has ended


@given(
    st.floats(1, 1000),
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0, 1000), min_size=1),
)
def test_a_limit_is_divided_max_min_fair(limit: float, wanted: dict[str, float]) -> None:
    shares = divide(limit, wanted)

    assert sum(shares.values()) <= limit * (1 + 1e-9) + 1e-9
    assert all(shares[name] <= want for name, want in wanted.items())
    unsatisfied = [share for name, share in shares.items() if share < wanted[name] - 1e-9]
    if unsatisfied:  # then all is given away, and none has more than those that want more
        assert sum(shares.values()) == pytest.approx(limit)
        assert max(shares.values()) <= min(unsatisfied) + 1e-6 * limit


@given(st.floats(1, 1000), st.dictionaries(st.text("abcdef", min_size=1), st.floats(0, 1000), min_size=1))
def test_whole_shares_differ_from_the_fair_ones_by_less_than_one_request(
    limit: float, wanted: dict[str, float]
) -> None:
    exact, shares = divide(limit, wanted), divide_whole(limit, wanted)

    assert sum(shares.values()) <= limit * (1 + 1e-9) + 1e-9
    for name, share in shares.items():
        assert share <= wanted[name]
        assert abs(share - exact[name]) < 1
        assert share.is_integer() or share == exact[name] < 1


@pytest.mark.parametrize(
    ("limit", "workers", "shares"), [(40, 3, [14, 13, 13]), (50, 20, [3] * 10 + [2] * 10)]
)
def test_whole_shares_give_the_whole_limit_away(limit: float, workers: int, shares: list[float]) -> None:
    wanted = dict.fromkeys("abcdefghijklmnopqrst"[:workers], limit)

    assert sorted(divide_whole(limit, wanted).values(), reverse=True) == shares


@pytest.mark.parametrize("share", [1.0, 2.0, 3.7, 10.0, 40.0, 400.0])
def test_a_second_at_the_service_never_has_more_requests_than_the_share(share: float) -> None:
    late, jitter = 0.02, 0.03  # the first of the requests is late by the worker's timer, and on its way

    assert int(share) / pace_of(share) - late - jitter > 1


@pytest.mark.parametrize("share", [1.0, 2.0, 3.0, 10.0, 40.0, 400.0])
def test_the_pace_uses_nine_tenths_of_a_whole_share(share: float) -> None:
    assert pace_of(share) >= 0.9 * share


def test_less_than_one_request_per_second_is_halved() -> None:
    assert pace_of(0.5) == 0.25


async def test_one_worker_gets_all() -> None:
    fleet = Fleet(40)
    fleet.join("a")

    await fleet.rounds(1)

    assert fleet.used == {"a": 40}


async def test_workers_that_join_get_equal_shares_without_ever_exceeding_the_limit() -> None:
    fleet = Fleet(40)
    for name in "abcd":
        fleet.join(name)
        await fleet.rounds(4)

    assert fleet.used == pytest.approx(dict.fromkeys("abcd", 10.0), rel=0.02)


async def test_what_an_idle_worker_does_not_want_others_get() -> None:
    fleet = Fleet(40)
    fleet.join("a")
    fleet.join("b", want=0.0)
    await fleet.rounds(4)

    assert fleet.used == {"a": 39, "b": pytest.approx(0.4)}


async def test_a_share_of_a_dead_worker_is_free_after_its_lease() -> None:
    fleet = Fleet(40)
    fleet.join("a")
    fleet.join("b")
    await fleet.rounds(4)
    fleet.die("b")

    await fleet.rounds(int(LENGTH))
    assert fleet.used["a"] == pytest.approx(20, rel=0.02)
    del fleet.used["b"]  # its lease has ended, and with it its requests
    await fleet.rounds(int(LENGTH))

    assert fleet.used["a"] == pytest.approx(40, rel=0.02)


async def test_a_share_that_is_given_up_is_free_at_once() -> None:
    fleet = Fleet(40)
    fleet.join("a")
    leaving = fleet.join("b")
    await fleet.rounds(4)
    del fleet.workers["b"]

    await leaving.leave()
    await fleet.rounds(1)

    assert fleet.used == pytest.approx({"a": 40, "b": 0})


async def test_the_lower_limit_of_two_jobs_counts() -> None:
    fleet = Fleet(40)
    fleet.join("a")
    lower = fleet.join("b")
    lower.limits = AccountLimits(rate=10)

    await fleet.rounds(6)

    assert sum(fleet.used.values()) == pytest.approx(10, rel=0.02)


async def test_an_entry_is_only_written_when_something_changes() -> None:
    fleet = Fleet(40)
    fleet.join("a")
    await fleet.rounds(1)
    before = dict(fleet.table.entries)

    await fleet.rounds(5)

    assert fleet.table.entries == before
    await fleet.rounds(5)
    assert fleet.table.entries != before


@pytest.mark.parametrize(
    "workers",
    [7, {"b": 7}, {"b": {}}, {"b": {"limits": 7, "rate": float("nan")}}, {"b": {"limits": {"rate": -1}}}],
)
async def test_a_damaged_entry_is_written_again(workers: object) -> None:
    fleet = Fleet(40)
    fleet.join("a")
    await fleet.table.create("account", {"workers": workers})

    await fleet.rounds(int(LENGTH) * 2)

    assert fleet.used["a"] == pytest.approx(40, rel=0.02)
