"""Ways that take turns."""

from benchmarks.paired import Spent, Timed, run_paired


async def test_each_way_gets_every_turn_and_the_first_does_not_count():
    calls = []

    def way(name):
        async def one():
            calls.append(name)
            return 10.0

        return one

    timed = await run_paired({"a": way("a"), "b": way("b")}, turns=3)

    assert sorted(calls) == ["a"] * 4 + ["b"] * 4
    assert {name: len(slices) for name, slices in timed.ways.items()} == {"a": 3, "b": 3}


async def test_the_order_is_shuffled_and_the_same_every_time():
    def ways(calls):
        def way(name):
            async def one():
                calls.append(name)
                return 1.0

            return one

        return {name: way(name) for name in "abc"}

    first, second = [], []
    await run_paired(ways(first), turns=5)
    await run_paired(ways(second), turns=5)

    assert first == second
    assert first[:3] != first[3:6] or first[3:6] != first[6:9]


def test_the_ratio_is_one_of_rates_slice_by_slice():
    fast = [Spent(100, 1.0, 0.5, 0.1), Spent(100, 2.0, 0.5, 0.1)]
    slow = [Spent(10, 1.0, 0.5, 0.1), Spent(10, 2.0, 0.5, 0.1)]
    row = Timed({"fast": fast, "slow": slow}).result("flow", "fast", "slow", must=5, row="1")

    assert (row.ratio, row.low, row.high, row.status) == (10.0, 10.0, 10.0, "must")
    assert row.figures["slow CPU us"] == 50_000


def test_the_share_of_the_server_is_its_cpu_over_the_time():
    timed = Timed({"a": [Spent(1, 2.0, 1.0, 0.5)]})

    assert timed.far_share("a") == 0.25
