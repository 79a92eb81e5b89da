"""Report: its exit code, its exceptions, and its JSON."""

import copy
import json
import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.options import Effort, Policy, Rule, Selection, describe_settings
from coredata_async.bulk.report.advice import ADVICE, TITLES, summarize
from coredata_async.bulk.report.report import KEPT, Entry, Orphan, Report, as_json
from coredata_async.bulk.states import EXIT_CODES_BY_SEVERITY, Counts, Ended, Reason, exception_for
from coredata_async.errors import (
    BulkError,
    ChecksumMismatchError,
    ConfigurationError,
    CoreDataError,
    RegistrationUncertainError,
    SourceChangedError,
    SourceError,
    StorageError,
)
from tests.bulk.reports import a_report


def failed(*reasons: Reason, **found: object) -> Report:
    counts = Counts(planned=2 + len(reasons), done=2, failed=len(reasons))
    return a_report(counts=counts, failed_by=dict.fromkeys(reasons, 1), **found)


def test_all_done_or_skipped_is_zero() -> None:
    assert a_report().exit_code == 0
    assert a_report(counts=Counts(planned=2, done=1, skipped=1)).exit_code == 0
    assert a_report(orphans_total=1, warnings_total=1).exit_code == 0


@pytest.mark.parametrize(
    ("report", "step"),
    [
        (a_report(), ""),
        (failed(Reason.UNREADABLE), "Run the same command again to retry the remaining files."),
        (a_report(ended="drained"), "Run the same command again: it continues where this run ended."),
        (
            a_report(ended="input"),
            "Correct the parent, the source, or the path of its share on the worker, and begin a new job: "
            "another attempt would end in the same way.",
        ),
    ],
)
def test_the_next_step_follows_from_the_result(report: Report, step: str) -> None:
    assert report.next_step == step


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ("drained", 130),
        ("lease", 10),
        ("stopped", 130),
        ("time", 10),
        ("circuit", 6),
        ("authentication", 6),
        ("error", 1),
    ],
)
def test_each_ending_has_an_exit_code(ended: str, code: int) -> None:
    assert a_report(ended=ended).exit_code == code
    assert not a_report(ended=ended).finished


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ([Reason.UNREADABLE], 3),
        ([Reason.CHANGED, Reason.UNREADABLE], 3),
        ([Reason.UNREADABLE, Reason.NETWORK], 1),
        ([Reason.NAME], 1),
        ([Reason.MISMATCH, Reason.NETWORK], 4),
        ([Reason.UNCERTAIN, Reason.MISMATCH], 5),
    ],
)
def test_each_reason_of_a_failure_has_an_exit_code(reasons: list[Reason], code: int) -> None:
    assert failed(*reasons).exit_code == code


def test_unresolved_files_and_duplicates_give_five() -> None:
    assert a_report(counts=Counts(planned=1, unresolved=1)).exit_code == 5
    assert a_report(duplicates_total=1).exit_code == 5


def test_the_most_severe_code_counts() -> None:
    assert failed(Reason.MISMATCH, ended="time").exit_code == 4
    assert failed(Reason.MISMATCH, ended="drained").exit_code == 130
    assert failed(Reason.MISMATCH, ended="circuit", duplicates_total=1).exit_code == 6
    assert failed(Reason.UNREADABLE, ended="time").exit_code == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"counts": Counts(planned=3, done=2)},
        {"bytes": Counts(planned=3, done=2)},
        {"counts": Counts(planned=3, done=2, pending=1)},
        {"scanned": False},
    ],
)
def test_impossible_reports_do_not_look_like_success(odd: dict[str, object]) -> None:
    assert a_report(**odd).exit_code == 1


def test_a_complete_run_raises_nothing() -> None:
    a_report().raise_for_failures()


def test_each_listed_entry_is_raised_in_a_suitable_class() -> None:
    entries = tuple(
        Entry(path=f"/{reason}", reason=reason, message=f"/{reason}: message") for reason in Reason
    )
    report = a_report(
        counts=Counts(planned=17, failed=15, unresolved=1, done=1),
        failures=entries,
        unresolved=(Entry(path="/u", reason=Reason.UNCERTAIN, blob="b1"),),
    )

    with pytest.raises(BulkError) as raised:
        report.raise_for_failures()

    kinds = [type(each) for each in raised.value.exceptions]
    assert len(kinds) == 16
    assert {SourceError, SourceChangedError, StorageError, ChecksumMismatchError} <= set(kinds)
    assert "15 failed, 1 unresolved" in str(raised.value)
    (first, *_) = raised.value.exceptions
    assert isinstance(first, RegistrationUncertainError)
    assert first.blob_name == "b1"
    assert str(first) == "/u: uncertain"


def test_pending_files_are_raised_too() -> None:
    report = a_report(counts=Counts(planned=5, done=2, pending=3), ended="time", message="2 h are over")

    with pytest.raises(BulkError) as raised:
        report.raise_for_failures()

    assert str(raised.value.exceptions[0]) == "3 left to do (time): 2 h are over; run it again"


@pytest.mark.parametrize("reason", [*Reason, None])
def test_every_rebuilt_failure_is_plain_data(reason: Reason | None) -> None:
    error = exception_for(reason, "message", 5, "b1")

    assert isinstance(error, CoreDataError)
    assert str(error) == "message"
    assert str(copy.copy(error)) == str(pickle.loads(pickle.dumps(error))) == "message"


def test_a_sentence_contains_the_path_once() -> None:
    assert Entry(path="/a", message="/a cannot be read").sentence == "/a cannot be read"
    assert Entry(path="/a", message="timed out").sentence == "/a: timed out"
    assert Entry(path="/a").sentence == "/a: failed"


def test_json_has_every_field_and_does_not_change() -> None:
    report = a_report(
        excluded=4,
        counts=Counts(planned=2, done=1, failed=1),
        failed_by={Reason.NAME: 1},
        failures=(Entry(path="/\\xff", raw=b"/\xff", reason=Reason.NAME, message="no text"),),
        failures_total=1,
        orphans=(Orphan(path="/a", blob="b", at=1.5),),
        settings={"existing": "skip", "rules": ["- *.tmp"]},
    )

    found = json.loads(json.dumps(as_json(report)))

    assert set(found) == {
        *("format", "version", "exit_code", "adds_up", "finished", "counts", "bytes", "fresh", "fresh_bytes"),
        *(
            "journal",
            "started",
            "seconds",
            "ended",
            "message",
            "api",
            "settings",
            "tenant",
            "parent",
            "roots",
        ),
        *("run", "created", "scanned", "skipped_by", "failed_by", "files", "files_total"),
        *("failures", "failures_total", "unresolved"),
        *("unresolved_total", "duplicates", "duplicates_total", "orphans", "orphans_total", "warnings"),
        *("warnings_total", "waited", "wait_left", "wait_reason"),
    }
    assert found["format"] == 1
    assert found["counts"] == {
        "planned": 2,
        "done": 1,
        "skipped": 0,
        "failed": 1,
        "unresolved": 0,
        "pending": 0,
        "excluded": 4,
    }
    assert found["failures"] == [
        {
            "path": "/\\xff",
            "raw": "2fff",
            "size": 0,
            "reason": "name",
            "message": "no text",
            "blob": None,
            "file_id": None,
        }
    ]
    assert found["failed_by"] == {"name": 1}
    assert found["orphans"] == [{"path": "/a", "blob": "b", "at": 1.5}]
    assert found["settings"] == {"existing": "skip", "rules": ["- *.tmp"]}
    assert found["exit_code"] == 1


def test_settings_are_listed_by_name_and_rules_as_written() -> None:
    selection = Selection(rules=[Rule("*.tmp"), Rule("a.tmp", include=True)], files_from=None, min_size=5)

    found = describe_settings(selection, Policy(existing="version"), Effort(bwlimit=1e6, processes=2))

    assert found["rules"] == ["- *.tmp", "+ a.tmp"]
    assert found["existing"] == "version"
    assert (found["min_size"], found["concurrency"], found["bwlimit"], found["processes"]) == (5, 128, 1e6, 2)
    assert "files_from" not in found
    assert "max_size" not in found
    json.dumps(found)


def test_every_reason_has_a_title_and_advice() -> None:
    assert set(TITLES) == set(ADVICE) == set(Reason)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"counts": Counts()}, "There was nothing to upload."),
        ({"counts": Counts(), "warnings": ("x is empty.", "y")}, "There was nothing to upload. x is empty."),
        ({"counts": Counts(planned=1, done=1)}, "The one file is on the server."),
        ({"counts": Counts(planned=1, failed=1)}, "0 of 1 file is on the server; 1 failed."),
        (
            {"counts": Counts(planned=1234, done=1200, skipped=34)},
            "All 1,200 files are on the server, and 34 skipped.",
        ),
        (
            {"counts": Counts(planned=3, skipped=3)},
            "No file had to be uploaded: 3 files skipped.",
        ),
        ({"duplicates_total": 1}, "All 2 files are on the server; 1 file with duplicates."),
        (
            {"counts": Counts(planned=9, done=5, failed=2, unresolved=1, pending=1), "ended": "time"},
            "5 of 9 files are on the server; 2 failed, 1 unresolved, 1 pending. "
            "The maximum duration has passed.",
        ),
        ({"ended": "authentication"}, "2 of 2 files are on the server. The key was refused."),
    ],
)
def test_the_summary_is_a_sentence(found: dict[str, object], message: str) -> None:
    assert summarize(a_report(**found)) == message


@given(st.builds(Counts, **dict.fromkeys(("done", "failed", "pending"), st.integers(0, 3))))
def test_zero_means_that_nothing_is_left(counts: Counts) -> None:
    planned = counts.done + counts.failed + counts.pending
    whole = Counts(planned=planned, done=counts.done, failed=counts.failed, pending=counts.pending)
    report = a_report(counts=whole, failed_by={Reason.NETWORK: counts.failed})

    assert (report.exit_code == 0) == (planned == counts.done)
    assert report.exit_code in (0, *EXIT_CODES_BY_SEVERITY)


counts = st.builds(Counts, **dict.fromkeys(("planned", "done", "skipped", "failed"), st.integers(0, 9)))
texts = st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple)
reasons = st.dictionaries(st.sampled_from(list(Reason)), st.integers(1, 5), max_size=3)
entries = st.builds(Entry, path=st.just("x"), reason=st.sampled_from(list(Reason)))
reports = st.builds(
    a_report,
    counts=counts,
    bytes=counts,
    journal=st.sampled_from(["a.sqlite", "b.sqlite", ""]),
    started=st.integers(0, 9).map(float),
    seconds=st.integers(0, 9).map(float),
    ended=st.sampled_from(get_args(Ended)),
    message=st.sampled_from(["", "x", "y"]),
    run=st.integers(1, 3),
    scanned=st.booleans(),
    failed_by=reasons,
    skipped_by=reasons,
    warnings=texts,
    warnings_total=st.integers(0, 9),
    duplicates=texts,
    roots=texts,
    waited=st.integers(0, 9).map(float),
    wait_left=st.integers(0, 9).map(float),
    wait_reason=st.sampled_from(["", "lost"]),
    failures=st.lists(
        st.builds(Entry, path=st.just("x"), reason=st.sampled_from(list(Reason))), max_size=2
    ).map(tuple),
)


@given(reports, reports, reports)
def test_the_sum_of_reports_does_not_depend_on_the_grouping(one: Report, two: Report, three: Report) -> None:
    assert (one + two) + three == one + (two + three)


@given(reports, reports)
def test_the_sum_of_reports_has_the_counts_of_both_and_the_graver_end(one: Report, two: Report) -> None:
    both = one + two

    for name in ("planned", "done", "skipped", "failed"):
        assert getattr(both.counts, name) == getattr(one.counts, name) + getattr(two.counts, name)
    assert both.counts.add_up or not (one.counts.add_up and two.counts.add_up)
    assert both.failed_by == {
        reason: one.failed_by.get(reason, 0) + two.failed_by.get(reason, 0)
        for reason in {*one.failed_by, *two.failed_by}
    }
    codes = [*EXIT_CODES_BY_SEVERITY, 0]
    ends = [a_report(ended=report.ended).exit_code for report in (one, two, both)]
    assert codes.index(ends[2]) == min(codes.index(ends[0]), codes.index(ends[1]))
    assert both.started == min(one.started, two.started)
    assert both.started + both.seconds == max(one.started + one.seconds, two.started + two.seconds)


def test_the_lists_of_a_sum_are_limited_and_their_totals_are_exact() -> None:
    many = a_report(failures=(Entry(path="a"),) * (KEPT - 1), failures_total=KEPT - 1)
    both = many + many

    assert (len(both.failures), both.failures_total) == (KEPT, 2 * KEPT - 2)


@pytest.mark.parametrize("ended", get_args(Ended))
def test_every_end_has_an_exit_code_and_a_sentence(ended) -> None:
    report = a_report(ended=ended, counts=Counts(planned=2, done=1, pending=1))

    assert report.exit_code in EXIT_CODES_BY_SEVERITY
    assert summarize(report)


def test_reports_about_different_parents_are_not_added() -> None:
    with pytest.raises(ValueError, match="p2"):
        a_report() + a_report(parent="p2")


@given(reports)
def test_a_report_is_the_same_after_a_passage_through_json(report: Report) -> None:
    text = json.dumps(as_json(report))

    assert Report.from_json(text) == report
    assert Report.from_json(json.loads(text)) == report


def test_the_json_of_something_else_is_not_a_report() -> None:
    with pytest.raises(ConfigurationError, match="Report"):
        Report.from_json("{}")
