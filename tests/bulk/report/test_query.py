"""Report computed from the journal: counts that add up, and entries of every kind."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.report.query import read_report
from coredata_async.bulk.report.report import Orphan
from coredata_async.bulk.states import FINAL, Api, Counts, Reason, State
from tests.bulk.reports import COURSE, Rows


@pytest.fixture
def rows():
    with closing(Rows()) as rows:
        yield rows


def test_files_and_bytes_are_counted_by_how_they_ended(rows) -> None:
    rows.item(State.DONE, size=1)
    rows.item(State.DONE, size=2)
    rows.item(State.SKIPPED, Reason.SAME, size=4)
    rows.item(State.FAILED, Reason.NETWORK, size=8)
    rows.item(State.UNRESOLVED, Reason.UNCERTAIN, size=16)
    rows.item(State.STORED, size=32)

    report = read_report(rows.db, COURSE)

    assert report.counts == Counts(planned=6, done=2, skipped=1, failed=1, unresolved=1, pending=1)
    assert report.bytes == Counts(planned=63, done=3, skipped=4, failed=8, unresolved=16, pending=32)
    assert report.adds_up


def test_it_contains_the_journals_facts_of_the_job_and_the_jobs_facts_of_the_run(rows) -> None:
    report = read_report(rows.db, COURSE)

    assert (report.tenant, report.parent, report.roots) == ("https://acme.coredata.is", "p1", ("/data",))
    assert (report.run, report.created, report.scanned) == (3, 1_700_000_000.0, True)
    assert (report.started, report.seconds, report.journal) == (1_700_000_600.0, 100.0, "/state/job.sqlite")
    assert report.api == Api()


def test_an_empty_journal_gives_an_empty_report(rows) -> None:
    report = read_report(rows.db, COURSE)

    assert report.counts == Counts()
    assert report.adds_up
    assert report.exit_code == 0


def test_files_of_this_run_are_counted_separately(rows) -> None:
    rows.item(State.DONE, claim=1)
    rows.item(State.DONE, claim=3, size=7)

    report = read_report(rows.db, COURSE)

    assert report.counts.done == 2
    assert report.fresh.done == 1
    assert report.fresh_bytes.done == 7


@pytest.mark.parametrize("state", [State.DONE, State.SKIPPED, State.FAILED])
def test_settled_files_that_were_not_seen_again_do_not_count(rows, state: State) -> None:
    rows.item(state, Reason.NETWORK, seen=2)

    report = read_report(rows.db, COURSE)

    assert report.counts.planned == 0
    assert report.failures == ()


@pytest.mark.parametrize("state", [State.UNRESOLVED, *(state for state in State if state not in FINAL)])
def test_unsettled_files_count_even_if_they_have_vanished(rows, state: State) -> None:
    rows.item(state, seen=2)

    assert read_report(rows.db, COURSE).counts.planned == 1


def test_all_files_count_if_the_scan_was_not_completed(rows) -> None:
    rows.db.execute("UPDATE job SET scanned = 2")
    rows.item(State.DONE, seen=2)
    rows.item(State.FAILED, Reason.NETWORK, seen=1)

    report = read_report(rows.db, COURSE)

    assert not report.scanned
    assert report.counts == Counts(planned=2, done=1, failed=1)
    assert len(report.failures) == 1


def test_reasons_are_counted_the_most_frequent_first(rows) -> None:
    rows.item(State.FAILED, Reason.UNREADABLE)
    rows.item(State.FAILED, Reason.NETWORK)
    rows.item(State.FAILED, Reason.NETWORK)
    rows.item(State.SKIPPED, Reason.LINK)
    rows.item(State.DONE, Reason.NETWORK)  # the cause of an earlier delay is no longer a reason

    report = read_report(rows.db, COURSE)

    assert list(report.failed_by.items()) == [(Reason.NETWORK, 2), (Reason.UNREADABLE, 1)]
    assert report.skipped_by == {Reason.LINK: 1}


def test_an_unknown_reason_counts_as_internal(rows) -> None:
    rows.item(State.FAILED, "moonlight", "what?")
    rows.item(State.FAILED)

    report = read_report(rows.db, COURSE)

    assert report.failed_by == {Reason.INTERNAL: 2}
    assert [each.reason for each in report.failures] == [None, None]


def test_a_state_that_does_not_exist_does_not_add_up(rows) -> None:
    rows.item(42)

    report = read_report(rows.db, COURSE)

    assert not report.adds_up
    assert report.exit_code == 1


def test_a_failure_has_the_file_and_all_known_facts(rows) -> None:
    rows.item(State.UNRESOLVED, Reason.UNCERTAIN, "lost", name=b"a/b.txt", size=5, blob="b1", file="f1")

    (entry,) = read_report(rows.db, COURSE).unresolved

    assert entry.path == "/data/a/b.txt"
    assert (entry.reason, entry.message, entry.size) == (Reason.UNCERTAIN, "lost", 5)
    assert (entry.blob, entry.file_id, entry.raw) == ("b1", "f1", None)


def test_a_path_that_is_not_utf8_is_shown_and_kept() -> None:
    with closing(Rows(b"/d\xe9")) as rows:
        rows.item(State.FAILED, Reason.NAME, name=b"\xff.txt")
        report = read_report(rows.db, COURSE)

    assert report.roots == ("/d\\xe9",)
    assert report.failures[0].path == "/data/\\xff.txt"
    assert report.failures[0].raw == b"/data/\xff.txt"


def test_a_single_path_is_absolute_already(rows) -> None:
    rows.db.execute("UPDATE folder SET path = x''")
    rows.item(State.FAILED, Reason.NAME, name=b"/else/where.txt")

    assert read_report(rows.db, COURSE).failures[0].path == "/else/where.txt"


def test_a_million_of_one_kind_do_not_hide_three_of_another(rows) -> None:
    for _ in range(100):
        rows.item(State.FAILED, Reason.NETWORK)
    for _ in range(3):
        rows.item(State.FAILED, Reason.UNREADABLE)

    report = read_report(rows.db, COURSE, kept=10)

    whys = [each.reason for each in report.failures]
    assert (whys.count(Reason.UNREADABLE), whys.count(Reason.NETWORK)) == (3, 7)
    assert report.failures_total == 103


def test_orphans_are_listed_even_if_their_file_has_vanished(rows) -> None:
    number = rows.item(State.DONE, name=b"a")
    rows.db.executemany("INSERT INTO orphan VALUES (?, ?, ?)", [(number, "b1", 5.0), (999, "b2", 6.0)])

    report = read_report(rows.db, COURSE, kept=2)

    assert report.orphans == (Orphan(path="/data/a", blob="b1", at=5.0), Orphan(path="", blob="b2", at=6.0))
    assert report.orphans_total == 2


def test_findings_are_sorted_by_kind_and_cut(rows) -> None:
    for n in range(5):
        rows.finding("warning", f"w{n}")
    rows.finding("duplicate", "a.txt is there twice")

    report = read_report(rows.db, COURSE, kept=2)

    assert report.warnings == ("w0", "w1")
    assert report.warnings_total == 5
    assert report.duplicates == ("a.txt is there twice",)
    assert report.exit_code == 5


def test_no_signed_url_is_shown_from_any_source(rows) -> None:
    url = "https://t.example/laika/b?AWSAccessKeyId=k&Signature=s"
    rows.item(State.FAILED, Reason.STORAGE, f"403 from {url}")
    rows.finding("warning", url)
    rows.finding("duplicate", url)

    report = read_report(rows.db, COURSE)

    assert "Signature" not in repr(report)
    assert "https://t.example/laika/b" in report.failures[0].message


ITEMS = st.tuples(
    st.sampled_from(State), st.none() | st.sampled_from(Reason), st.integers(1, 3), st.integers(0, 2**62)
)


@given(st.lists(ITEMS, max_size=40), st.booleans(), st.integers(1, 10))
def test_any_mix_of_states_adds_up(items, scanned: bool, kept: int) -> None:
    with closing(Rows(scanned=scanned)) as rows:
        for state, reason, seen, size in items:
            rows.item(state, reason, seen=seen, claim=seen, size=min(size, 2**62 // 40))

        report = read_report(rows.db, COURSE, kept=kept)

    assert report.adds_up
    assert report.counts.failed == sum(report.failed_by.values()) == report.failures_total
    assert report.counts.skipped == sum(report.skipped_by.values())
    assert len(report.failures) == min(kept, report.failures_total)
    assert len(report.unresolved) == min(kept, report.unresolved_total)
    assert report.fresh.planned <= report.counts.planned
    if not scanned:
        assert report.counts.planned == len(items)
