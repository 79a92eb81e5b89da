"""A report is written as JSON, and read back as it was."""

import json

import pytest

from benchmarks.report import Report, load, machine
from benchmarks.result import Result

ROWS = [
    Result(name="flow", baseline="naive", ratio=1.5, must=1.7, figures={"ours CPU us": 400.0}),
    Result(name="put", baseline="rclone", note="absent"),
]
REPORT = Report(machine={"cores": "2"}, rounds=5, quick=False, seconds=61.0, results=ROWS)


def test_what_was_written_is_read_back(tmp_path):
    path = tmp_path / "found.json"
    path.write_text(REPORT.dumps())

    assert load(path) == REPORT


def test_each_row_has_its_status():
    rows = json.loads(REPORT.dumps())["results"]

    assert [row["status"] for row in rows] == ["MISS", "absent"]


def test_another_json_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"results": [], "rounds": 1, "strange": 2}')

    with pytest.raises(ValueError, match="not a report of this suite"):
        load(path)


def test_a_figure_is_found_by_its_name():
    assert REPORT.figure("ours CPU us") == 400.0
    assert REPORT.figure("theirs CPU us") is None


def test_the_machine_is_described_without_its_name():
    found = machine()

    assert int(found["cores"]) >= 1
    assert set(found) & {"host", "node", "user"} == set()
