"""The measurements by name, and what becomes of one that is not there."""

import pytest

from benchmarks.command import main
from benchmarks.registry import MEASUREMENTS, Measurement, choose


def test_names_are_unique():
    names = [each.name for each in MEASUREMENTS]

    assert len(set(names)) == len(names)


def test_no_name_means_all_of_them():
    assert list(choose([])) == list(MEASUREMENTS)


def test_those_of_a_name_come_in_the_order_of_the_table():
    assert [each.name for each in choose(["large", "small"])] == ["small", "large"]


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="no such measurement: smal;"):
        choose(["smal"])


@pytest.mark.parametrize("module", ["benchmarks.nowhere", "benchmarks.result"])
def test_what_is_not_there_says_so_and_fails_nothing(module):
    (row,) = Measurement("x", "y", module).measure(1, quick=True)

    assert row.status == "absent"
    assert module in row.note


def test_the_list_is_printed_without_measuring(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.startswith("small ")
