"""Page of the report: complete, self-contained, and without external text as markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.report.html import ROWS, render
from coredata_async.bulk.report.report import Entry, Orphan, Report
from coredata_async.bulk.states import Counts, Reason
from tests.bulk.reports import a_report

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Parses a page like a browser, and records tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.message: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open[-1:] != ["style"]:
            self.message.append(data)


def read(report: Report) -> Reader:
    reader = Reader()
    reader.feed(render(report))
    reader.close()
    assert reader.open == []
    return reader


def page_text(report: Report) -> str:
    return " ".join(" ".join(read(report).message).split())


@pytest.fixture
def full() -> Report:
    """Return a report with entries in every part."""
    odd = '<script>alert("x")</script>&amp;\x1b\u202e'
    return a_report(
        counts=Counts(planned=10, done=3, skipped=2, failed=3, unresolved=1, pending=1),
        bytes=Counts(planned=100, done=30, skipped=20, failed=30, unresolved=10, pending=10),
        excluded=7,
        ended="circuit",
        message=odd,
        failed_by={Reason.NETWORK: 2, Reason.NAME: 1},
        skipped_by={Reason.SAME: 1, Reason.LINK: 1},
        failures=(
            Entry(path="/a" + odd, size=1234, reason=Reason.NETWORK, message=odd),
            Entry(path="/b", reason=Reason.NETWORK, message="reset"),
            Entry(path="/c", reason=None, message="no reason"),
        ),
        failures_total=3,
        unresolved=(Entry(path="/u" + odd, blob="b1" + odd, message=odd),),
        unresolved_total=1,
        duplicates=(odd,),
        duplicates_total=1,
        orphans=(Orphan(path="/o" + odd, blob="b2", at=1_700_000_000.0),),
        orphans_total=1,
        warnings=(odd,),
        warnings_total=1,
        roots=("/data" + odd,),
        settings={"existing": odd, "rules": ["- *.tmp", odd], "adaptive": True, "name<b>": 1},
    )


def test_a_page_shows_everything(full) -> None:
    shown = page_text(full)

    for each in (
        "3 of 10 files are on the server; 2 skipped, 3 failed, 1 unresolved, 1 pending.",
        "The service or the storage did not work for too long.",
        "Run the same command again",
        "every file is accounted for",
        "Host not reached (2)",
        "Check the connection",
        "1.2 kB",
        "Unresolved (1)",
        "Duplicates (1)",
        "Orphans (1)",
        "2023-11-14 22:13:20 UTC",
        "Warnings (1)",
        "Symbolic links",
        "existing",
        "- *.tmp",
        "/state/job.sqlite",
    ):
        assert each in shown


def test_external_text_is_never_markup(full) -> None:
    reader = read(full)

    assert not {"script", "b", "link", "img", "iframe"} & set(reader.tags)
    assert "<script>" not in render(full)
    assert "\x1b" not in render(full)
    assert "\u202e" not in render(full)
    assert '<script>alert("x")</script>&amp;\\x1b\\u202e' in page_text(full)


def test_it_needs_no_external_resource(full) -> None:
    reader = read(full)

    assert not {name for name, _ in reader.attributes} & {"src", "href", "onload", "onclick"}
    assert "url(" not in render(full)
    assert "@import" not in render(full)


def test_a_complete_run_has_nothing_to_check() -> None:
    shown = page_text(a_report())

    assert "All 2 files are on the server." in shown
    for each in ("Failed", "To check", "Skipped", "again", "Settings"):
        assert each not in shown


def test_counts_that_do_not_add_up_are_reported() -> None:
    assert "do not add up" in page_text(a_report(counts=Counts(planned=3, done=2)))


def test_an_incomplete_scan_is_reported() -> None:
    assert "there may be more files" in page_text(a_report(scanned=False, ended="drained"))


def test_long_tables_are_cut_with_a_note() -> None:
    entries = tuple(Entry(path=f"/{n}", reason=Reason.NETWORK) for n in range(ROWS + 5))
    report = a_report(
        counts=Counts(planned=50_000, failed=50_000),
        failures=entries,
        failures_total=50_000,
        failed_by={Reason.NETWORK: 50_000},
    )

    assert f"… and {50_000 - ROWS:,} more." in page_text(report)
    assert render(report).count("<tr>") == ROWS + 1


def test_a_run_of_zero_seconds_has_rates() -> None:
    assert "0.0 files/s" in page_text(a_report(seconds=0.0))


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_name_stays_text(name: str, said: str) -> None:
    report = a_report(
        failures=(Entry(path=name, reason=Reason.NAME, message=said),),
        failures_total=1,
        failed_by={Reason.NAME: 1},
        warnings=(said,),
        warnings_total=1,
        message=name,
    )

    tags = read(report).tags

    assert tags.count("details") == 2
    render(report).encode()
