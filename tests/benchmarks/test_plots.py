"""The plots: drawn of what a run has figures for, and the same every time."""

import pytest

from benchmarks.report import Report
from benchmarks.result import Result

pytest.importorskip("matplotlib", reason="of the extra `bench`")

FLOW = Result(
    name="flow",
    baseline="naive",
    ratio=2.0,
    low=1.8,
    high=2.2,
    must=1.7,
    stretch=2.1,
    figures={
        "ours files/s": 900.0,
        "ours files/s low": 800.0,
        "ours files/s high": 950.0,
        "naive files/s": 400.0,
        "ours CPU us": 400.0,
    },
)
MEMORY = Result(name="rss", baseline="", figures={"many: growth MiB at 1000": 2.0}, note="no bound")


def drawn(folder, *rows):
    from benchmarks.plots import draw  # noqa: PLC0415  # it wants matplotlib

    draw(Report(machine={}, rounds=1, quick=True, seconds=1, results=list(rows)), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_what_there_are_figures_for_is_drawn(tmp_path):
    assert set(drawn(tmp_path, FLOW)) == {"clients.svg", "cpu.svg", "targets.svg"}


def test_the_same_figures_give_the_same_files(tmp_path):
    assert drawn(tmp_path / "a", FLOW, MEMORY) == drawn(tmp_path / "b", FLOW, MEMORY)


def test_memory_over_files_is_a_plot_of_its_own(tmp_path):
    assert set(drawn(tmp_path, MEMORY)) == {"memory.svg"}
