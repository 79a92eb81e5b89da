"""The random kills: the trees they upload, and what counts as clean."""

import random

import pytest

from benchmarks import kills
from benchmarks.kills import FAULTS, LAG, LATE, RETRY, Tally


def test_a_tree_is_the_same_for_the_same_seed(tmp_path) -> None:
    one = kills.plant(tmp_path / "one" / "job", random.Random("1 0"))
    two = kills.plant(tmp_path / "two" / "job", random.Random("1 0"))

    assert kills.on_disk(one) == kills.on_disk(two)
    assert kills.on_disk(one).total() > 40
    assert len({path for path, _ in kills.on_disk(one)}) == kills.on_disk(one).total()


def test_the_waits_of_the_client_cover_the_lateness_of_the_server() -> None:
    late = [fault["seconds"] for fault in FAULTS if fault["fault"] == "commit_late"]

    assert late == [LATE, LATE]
    assert RETRY.settle > 2 * LATE
    assert RETRY.probe_gap > LAG


@pytest.mark.parametrize("name", ["missing", "duplicate", "folders_duplicate", "unresolved", "other_exit"])
def test_one_of_anything_is_not_clean(name: str) -> None:
    assert Tally(jobs=3, runs=30, kills=27, files=150).clean
    assert not Tally(**{name: 1}).clean
