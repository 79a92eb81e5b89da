"""Tests of a job as the command runs it: shown, interrupted and recorded in every case."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from coredata_async.bulk.events import FileDone, FileFailed, FileSkipped, Started
from coredata_async.bulk.states import Counts, Reason
from coredata_async.cli.interrupts import interrupts
from coredata_async.cli.jobs import JobCommand, event_json, report_file, write_report
from coredata_async.cli.progress import JobOutput, Lines, Silent
from coredata_async.errors import CoreDataError, TransferError
from tests.bulk.reports import a_report
from tests.cli.jobs import FakeJob, progress

DONE = FileDone(path="/a", file_id="f1", size=5)


def conduct(*reports: Path, as_json: bool = False, quiet: bool = False) -> JobCommand:
    return JobCommand(
        watch=JobOutput(Silent() if quiet else Lines(), quiet), as_json=as_json, reports=reports
    )


@pytest.fixture
def handlers():
    """Restore the signal handlers."""
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_job_is_run_and_its_report_is_the_exit_code(capsys) -> None:
    assert await conduct().run(FakeJob(DONE)) == 0
    assert await conduct().run(FakeJob(report=a_report(duplicates_total=1))) == 5

    output = capsys.readouterr()
    assert output.out.count("coredata upload") == 2
    assert "All 2 files are on the server." in output.err


async def test_every_event_is_one_line_of_json_and_the_report_the_last(capsys) -> None:
    skipped = FileSkipped(path="/þ\n\\xff", reason=Reason.SAME)
    await conduct(as_json=True).run(FakeJob(DONE, skipped, progress()))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line["event"] for line in lines] == ["file_done", "file_skipped", "progress", "report"]
    assert lines[0] == {"event": "file_done", "path": "/a", "file_id": "f1", "size": 5, "earlier": False}
    assert lines[1] == {
        "event": "file_skipped",
        "path": "/þ\n\\xff",
        "reason": "same",
        "message": "",
        "file_id": None,
        "earlier": False,
    }
    assert lines[3]["counts"]["done"] == 2
    assert lines[3]["exit_code"] == 0


def test_names_of_events_are_words_with_underscores() -> None:
    assert event_json(Started(journal="/j", resumed=False)) == {
        "event": "started",
        "journal": "/j",
        "resumed": False,
    }


async def test_quiet_prints_only_problems(capsys) -> None:
    failed = FileFailed(path="/x", reason=Reason.NAME, message="odd")
    await conduct(quiet=True).run(FakeJob(Started(journal="/j", resumed=True), DONE, failed, progress()))

    assert capsys.readouterr().err == "failed: /x: odd\n"


async def test_reports_are_written_in_the_form_of_their_ending(tmp_path) -> None:
    paths = tmp_path / "r.json", tmp_path / "R.HTML"

    await conduct(*paths).run(FakeJob(DONE))

    assert json.loads(paths[0].read_text())["counts"]["done"] == 2
    assert paths[1].read_text().startswith("<!doctype html>")
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_report_is_written_when_the_job_fails(tmp_path, capsys) -> None:
    path = tmp_path / "r.json"
    job = FakeJob(DONE, raises=CoreDataError("disk full"))

    with pytest.raises(CoreDataError, match="disk full"):
        await conduct(path).run(job)

    assert job.closed
    assert json.loads(path.read_text())["format"] == 1


async def test_a_report_that_cannot_be_written_is_a_failure(tmp_path, capsys) -> None:
    gone = tmp_path / "gone" / "r.json"
    path = tmp_path / "r.json"

    assert await conduct(gone, path).run(FakeJob(DONE)) == 1

    messages = capsys.readouterr().err
    assert "cannot be written" in messages
    assert f"report: {path}" in messages
    assert f"report: {gone}" not in messages
    assert path.exists()


async def test_a_graver_code_outlives_a_report_that_cannot_be_written(tmp_path) -> None:
    job = FakeJob(report=a_report(ended="circuit"))

    assert await conduct(tmp_path / "gone" / "r.json").run(job) == 6


async def test_what_cannot_begin_raises_its_own_error(tmp_path) -> None:
    class Locked(FakeJob):
        async def __aenter__(self):
            raise CoreDataError("the journal is in use")

    with pytest.raises(CoreDataError, match="in use"):
        await conduct(tmp_path / "r.json").run(Locked())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_drains(number: int, handlers, capsys, tmp_path) -> None:
    sent: list[int] = []

    def once() -> None:
        if not sent:
            sent.append(number)
            signal.raise_signal(number)

    job = FakeJob(DONE, DONE, DONE, at_event=once)

    assert await conduct(tmp_path / "r.json").run(job) == 130
    assert job.asked == ["drain"]
    assert "interrupt again to stop at once" in capsys.readouterr().err
    assert json.loads((tmp_path / "r.json").read_text())["ended"] == "drained"


async def test_the_second_signal_stops(handlers) -> None:
    sent: list[int] = []

    def twice() -> None:
        if len(sent) < 2:
            sent.append(1)
            signal.raise_signal(signal.SIGINT)

    job = FakeJob(DONE, DONE, at_event=twice, endless=True)

    assert await conduct().run(job) == 130
    assert job.asked == ["drain", "stop"]


async def test_no_more_handlers_are_left_when_a_job_raises(handlers) -> None:
    with pytest.raises(CoreDataError):
        await conduct().run(FakeJob(DONE, raises=CoreDataError("x")))


def test_in_another_thread_signals_are_left_alone() -> None:
    entered: list[bool] = []

    def enter() -> None:
        with interrupts(FakeJob()):
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()

    assert entered == [True]


def test_the_third_signal_ends_the_process_even_if_its_loop_is_stuck() -> None:
    program = """
        import asyncio, signal, time
        from coredata_async.cli.interrupts import interrupts
        class Job:
            def drain(self): pass
            def stop(self): pass
        async def main():
            with interrupts(Job()):
                for _ in range(3):
                    signal.raise_signal(signal.SIGINT)
                time.sleep(30)
        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, timeout=25)

    assert done.returncode == 130


@pytest.mark.parametrize(
    "name", ["r", "r.txt", "r.json/", ".json", "no/such/r.json", "taken.json", "x" * 300 + ".json"]
)
def test_what_cannot_be_a_report_is_said_at_once(name: str, bare) -> None:
    Path("taken.json").mkdir()
    Path("tree").mkdir()

    done = bare("upload", "tree", "--parent", "p", "--report", name)

    assert done.code == 2
    assert "report" in done.err


def test_a_report_takes_the_place_of_an_older_one_at_once(tmp_path) -> None:
    path = report_file(str(tmp_path / "r.json"))
    path.write_text("old")

    write_report(a_report(counts=Counts(planned=1, done=1), message="\udc80"), path)

    assert json.loads(path.read_text())["counts"]["done"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_report_has_the_mode_that_new_files_have(tmp_path) -> None:
    path = tmp_path / "r.html"
    (tmp_path / "usual").touch()

    write_report(a_report(), path)

    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_report_is_written_through_no_link_and_leaves_nothing_beside_it(tmp_path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "r.json"
    path.symlink_to(victim)
    (tmp_path / f".coredata-{os.getpid()}.json").symlink_to(victim)  # a name that could be guessed

    write_report(a_report(counts=Counts(planned=1, done=1)), path)

    assert victim.read_text() == "precious"
    assert not path.is_symlink()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_report_never_replaces_anything_but_a_file(tmp_path) -> None:
    (tmp_path / "r.json").mkdir()

    with pytest.raises(TransferError, match="is a directory"):
        write_report(a_report(counts=Counts(planned=1, done=1)), tmp_path / "r.json")
