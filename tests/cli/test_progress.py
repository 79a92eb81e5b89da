"""Tests of the output of a job for people."""

import io

import pytest
from rich.console import Console

from coredata_async.bulk.events import FileFailed, FileUnresolved, Progress, Scanned, Started, Waiting, Warned
from coredata_async.bulk.report.report import Entry
from coredata_async.bulk.states import Counts, Reason
from coredata_async.cli.jobs import summarise
from coredata_async.cli.progress import JobOutput, Lines, ProgressBars, Silent, line, rates, state
from tests.bulk.reports import a_report
from tests.cli.jobs import progress


def test_a_line_says_how_far_it_is() -> None:
    assert line(progress()) == (
        "5 of 10 done, 5.0 kB; 1.0 files/s, 1.0 kB/s, 5.0 s left; 2 in flight (API 8, storage 4)"
    )


def test_what_is_not_known_yet_is_not_said() -> None:
    assert line(progress(scanned=False, eta=None)).startswith(
        "5 of 10+ done, 5.0 kB; 1.0 files/s, 1.0 kB/s; "
    )


def test_what_goes_wrong_and_what_is_paused_is_said() -> None:
    printed = state(progress(failed=1, unresolved=2, delayed=3, retries=4, throttled=5, paused="429 for 3 s"))

    assert printed == (
        "1 failed, 2 unresolved, 3 to be tried again, 4 retries, 5 throttled, "
        "2 in flight (API 8, storage 4), paused: 429 for 3 s"
    )
    assert rates(progress(eta=None)) == "1.0 files/s, 1.0 kB/s"


def test_without_a_terminal_there_is_a_line_every_ten_seconds(capsys) -> None:
    watch = JobOutput(Lines())
    for tenths in range(0, 350, 2):
        watch.take(progress(seconds=tenths / 10))

    assert len(capsys.readouterr().err.splitlines()) == 3


def test_the_first_twenty_failures_are_printed_as_they_occur(capsys) -> None:
    watch = JobOutput(Silent(), quiet=True)
    for n in range(30):
        watch.take(FileFailed(path=f"/f{n}", reason=Reason.NETWORK, message="reset"))
    watch.take(FileUnresolved(path="/u", message="lost"))

    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == 21
    assert lines[19].startswith("failed: /f19")
    assert lines[0] == "failed: /f0: reset"
    assert "counted" in lines[20]


def test_failures_without_an_event_are_printed_at_the_end(capsys) -> None:
    watch = JobOutput(Silent())
    watch.take(FileFailed(path="/a", reason=Reason.NETWORK, message="reset"))

    watch.report_remaining(
        a_report(
            failures=(Entry(path="/a", message="reset"), Entry(path="/b", message="/b: its name is odd")),
            unresolved=(Entry(path="/c", message="lost"),),
        )
    )

    assert capsys.readouterr().err.splitlines() == [
        "failed: /a: reset",
        "unresolved: /c: lost",
        "failed: /b: its name is odd",
    ]


def test_warnings_do_not_flood_either(capsys) -> None:
    watch = JobOutput(Silent())
    for n in range(50):
        watch.take(Warned(message=f"w{n}"))

    assert len(capsys.readouterr().err.splitlines()) == 20


def test_the_journal_and_the_scan_are_printed(capsys) -> None:
    watch = JobOutput(Lines())
    watch.take(Started(journal="/j", resumed=True))
    watch.take(Scanned(files=1, bytes=2000, excluded=3))

    assert capsys.readouterr().err == "continuing the journal /j\n1 file, 2.0 kB; 3 excluded\n"


def test_a_wait_is_printed_with_its_reason_and_the_rest(capsys) -> None:
    watch = JobOutput(Lines())
    watch.take(Waiting(seconds=130, message="this journal is new"))
    watch.take(progress(seconds=20, wait_left=95.2, wait_reason="this journal is new"))
    JobOutput(Silent(), quiet=True).take(Waiting(seconds=130, message="this journal is new"))

    first, second = capsys.readouterr().err.splitlines()

    assert first == "waiting for up to 2 min 10 s: this journal is new"
    assert "some folders wait for another 1 min 35 s" in second


def test_an_interrupted_wait_is_printed_at_the_end(capsys) -> None:
    summarise(a_report(ended="stopped", waited=10, wait_left=100, wait_reason="this journal is new"))

    assert "1 min 40 s of the wait remain for the next run: this journal is new" in capsys.readouterr().err


def test_a_name_moves_no_cursor(capsys) -> None:
    JobOutput(Lines()).take(FileFailed(path="/a\x1b[2J\nb", reason=Reason.NAME, message="[bold]odd[/bold]"))

    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert printed.count("\n") == 1
    assert "[bold]odd[/bold]" in printed


@pytest.mark.parametrize(
    "shown",
    [
        progress(),
        progress(scanned=False, planned=0, done=0, eta=None),
        progress(planned=0, planned_bytes=0, done=0, done_bytes=0),
        progress(paused="[red]the \x1b service does not answer[/red]"),
        progress(planned=10**9, planned_bytes=10**18, eta=1e9),
    ],
)
def test_on_a_terminal_there_are_bars(shown: Progress) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    screen = ProgressBars(console)

    with screen.live():
        screen.show(shown)

    printed = file.getvalue()
    for word in ("files", "bytes", "in flight", f"of {shown.planned:,}"):
        assert word in printed
    if shown.paused:
        assert "[red]" in printed
        assert "the \x1b service" not in printed


def test_bars_fit_a_narrow_terminal() -> None:
    file = io.StringIO()
    screen = ProgressBars(Console(file=file, force_terminal=True, width=30))

    with screen.live():
        screen.show(progress())

    assert "files" in file.getvalue()


def test_the_summary_says_what_to_do_next(capsys) -> None:
    summarise(
        a_report(
            counts=Counts(planned=6, done=2, failed=3, pending=1),
            ended="time",
            message="2 h are over",
            excluded=4,
            failed_by={Reason.NETWORK: 3},
            orphans_total=9,
        )
    )

    printed = capsys.readouterr()
    for each in ("orphans", "excluded"):
        assert each in printed.out
    for each in (
        "2 of 6 files are on the server; 3 failed, 1 pending. The maximum duration has passed.",
        "2 h are over",
        "Host not reached: 3",
        "/state/job.sqlite",
        "Run the same command again: it continues where this run ended.",
    ):
        assert each in printed.err


def test_when_all_is_well_nothing_is_to_be_done(capsys) -> None:
    summarise(a_report())

    printed = capsys.readouterr().err
    assert "again" not in printed
    assert "All 2 files are on the server." in printed
