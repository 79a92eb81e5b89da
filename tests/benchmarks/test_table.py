"""The table: for a terminal, and in Markdown."""

from benchmarks.result import Result
from benchmarks.table import cells, describe_figures, lines, markdown

FLOW = Result(
    name="whole flow",
    baseline="naive+md5",
    ratio=2.2149,
    low=2.04,
    high=2.32,
    must=1.7,
    stretch=2.1,
    figures={"ours files/s": 1234.5, "ours files/s low": 1200.0, "ours files/s high": 1300.0},
    row="1",
)
LAG = Result(name="lag", baseline="idle", ratio=12.5, must=20, stretch=8, higher_is_better=False, unit="ms")
ABSENT = Result(name="PUT leg", baseline="a|b", note="rclone is not installed")


def test_a_ratio_stands_beside_its_bounds():
    assert list(cells(FLOW)) == [
        "1", "whole flow", "naive+md5", "2.21", "2.04-2.32", "≥ 1.7", "≥ 2.1", "ok, stretch",
    ]  # fmt: skip


def test_a_cost_has_its_unit_and_bounds_from_above():
    assert list(cells(LAG)) == ["", "lag", "idle", "12.5 ms", "", "≤ 20", "≤ 8", "ok"]


def test_what_is_absent_says_why_below_its_row():
    shown = list(lines([FLOW, ABSENT]))

    assert shown[-2].endswith("absent")
    assert shown[-1].strip() == "(rclone is not installed)"


def test_columns_line_up():
    head, rule, *rows = lines([FLOW, LAG])

    assert {line.index("baseline") for line in [head]} == {
        row.index(name) for row, name in zip(rows, ["naive", "idle"], strict=True)
    }
    assert set(rule) == {"-", " "}


def test_markdown_has_as_many_cells_in_each_row_and_escapes_bars():
    head, rule, *rows = markdown([FLOW, ABSENT])

    assert {line.replace("\\|", "").count("|") for line in (head, rule, *rows)} == {10}
    assert "a\\|b" in rows[-1]


def test_figures_for_plots_are_not_in_the_table():
    assert describe_figures(FLOW) == "ours files/s 1,234"
