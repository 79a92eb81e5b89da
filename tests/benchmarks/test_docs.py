"""Tests of the tables that a run writes into the documents."""

import pytest

from benchmarks.docs import between, costs_of, rewrite, summary
from benchmarks.report import Report
from benchmarks.result import Result

PAGE = (
    "words\n<!-- run -->\nold\n<!-- /run -->\nmore\n<!-- scale -->\n<!-- /scale -->\n"
    "<!-- fleet -->\n<!-- /fleet -->\nend\n"
)
FIGURES = {
    "ours c=32 CPU us": 400.0,
    "upload_many CPU us/file": 500.0,
    "job CPU us/file": 620.0,
    "journal bytes/file": 125.0,
    "resume us/file": 25.0,
}


def report(figures=FIGURES):
    rows = [Result(name="flow", baseline="naive", ratio=1.0, must=2.0, figures=figures)]
    return Report(machine={"cores": "2"}, rounds=5, quick=False, seconds=600, results=rows)


def test_only_what_is_between_the_markers_changes():
    assert between(PAGE, "run", ["new"]).startswith("words\n<!-- run -->\n\nnew\n\n<!-- /run -->\nmore\n")


def test_writing_twice_gives_the_same(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(PAGE)
    rewrite(path, report())
    once = path.read_text()
    rewrite(path, report())

    assert path.read_text() == once
    assert "| flow | naive |" in once
    assert "| 200 | 92.6 d | 4.6 d | 11.1 h |" in once
    assert "old" not in once


def test_a_page_without_markers_is_an_error():
    with pytest.raises(ValueError, match="<!-- run -->"):
        between("words", "run", [])


def test_a_run_without_the_costs_leaves_the_scale_as_it_was(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(PAGE)
    rewrite(path, report({}))

    assert "<!-- scale -->\n<!-- /scale -->" in path.read_text()


def test_the_job_costs_what_it_takes_beyond_the_uploads():
    costs = costs_of(report())

    assert costs is not None
    assert (costs.client_us, costs.job_us, costs.journal_bytes) == (400, 120, 125)


def test_the_summary_says_what_was_missed():
    assert summary(report()).endswith("1 bounds were missed.")
