"""Tests of `coredata upload`, end to end on the sandbox."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coredata_async.bulk.check.dry_run import Action
from coredata_async.bulk.journal import opening
from coredata_async.cli.upload import action_line, print_dry_run
from coredata_async.sandbox import SandboxThread


@pytest.fixture
def tree(bare, tmp_path, monkeypatch) -> Path:
    """Return a folder in the working directory, with a directory for journals elsewhere."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Path("tree")
    (made / "sub").mkdir(parents=True)
    (made / "a.txt").write_bytes(b"aaa")
    (made / "sub" / "þ.txt").write_bytes(b"bb")
    (made / "sub" / "empty").touch()
    (made / "x.tmp").write_bytes(b"x")
    return made


def there(far: SandboxThread) -> list[str]:
    return sorted(str(far.state.documents[each.id].fields["filename"]) for each in far.state.files)


def test_a_tree_is_uploaded_and_reported(shell, tree, far) -> None:
    done = shell.ok(
        "upload", "tree", "--parent", far.project, "--json", "--report", "r.json", "--report", "r.html"
    )

    assert there(far) == ["a.txt", "empty", "x.tmp", "þ.txt"]
    events = [line["event"] for line in done.lines]
    assert events[0] == "started"
    assert events.count("file_done") == 4
    assert events[-1] == "report"
    assert done.lines[-1]["counts"]["done"] == 4
    assert json.loads(Path("r.json").read_text())["counts"] == done.lines[-1]["counts"]
    assert "All 4 files are on the server." in Path("r.html").read_text()
    assert "All 4 files are on the server." in done.err


def test_the_same_command_again_uploads_nothing_twice(shell, tree, far) -> None:
    shell.ok("upload", "tree", "--parent", far.project)

    done = shell.ok("upload", "tree", "--parent", far.project, "--json")

    assert len(there(far)) == 4
    assert done.lines[0]["resumed"] is True
    assert done.lines[-1]["run"] == 2
    assert done.lines[-1]["fresh"]["done"] == 0


def test_two_processes_upload_it_like_one_and_no_more_than_can_share_are_taken(shell, tree, far) -> None:
    done = shell.ok("upload", "tree", "--parent", far.project, "--json", "--processes", "2")

    assert there(far) == ["a.txt", "empty", "x.tmp", "þ.txt"]
    assert done.lines[-1]["counts"]["done"] == 4
    assert done.lines[-1]["settings"]["processes"] == 2
    refused = shell("upload", "tree", "--parent", far.project, "--processes", "33")
    assert refused.code == 2
    assert "33 processes cannot share Limits.concurrency=32" in refused.err


def test_the_last_rule_that_matches_counts(shell, tree, far) -> None:
    shell.ok("upload", "tree", "--parent", far.project, "--exclude", "*.t*", "--include", "a.*")

    assert there(far) == ["a.txt", "empty"]


def test_without_json_stdout_is_empty_and_quiet_says_nothing(shell, tree, far) -> None:
    done = shell.ok("upload", "tree", "--parent", far.project, "--quiet")

    assert (done.out, done.err) == ("", "")


def test_a_journal_is_kept_at_the_given_path(shell, tree, far) -> None:
    done = shell.ok("upload", "tree", "--parent", far.project, "--job", "here.sqlite")

    assert Path("here.sqlite").exists()
    assert "here.sqlite" in done.err


def test_a_journal_of_another_job_is_a_matter_of_usage(shell, tree, far) -> None:
    shell.ok("upload", "tree", "--parent", far.project, "--job", "here.sqlite")

    done = shell("upload", "tree/sub", "--parent", far.project, "--job", "here.sqlite", "--report", "r.json")

    assert done.code == 2
    assert "--job" in done.err
    assert not Path("r.json").exists()


def test_a_wrong_key_is_six(shell, tree, far, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_API_KEY", "wrong")

    assert shell("upload", "tree", "--parent", far.project).code == 6
    assert there(far) == []


def test_a_name_that_cannot_be_used_fails_alone_and_is_said(shell, tree, far) -> None:
    (tree / "bad\\name").touch()

    done = shell("upload", "tree", "--parent", far.project, "--report", "r.html")

    assert done.code == 1
    assert "failed: " in done.err
    assert "1 failed" in done.err
    assert len(there(far)) == 4
    assert "Names that cannot be used" in Path("r.html").read_text()


def test_a_limit_of_time_is_ten_and_the_next_run_goes_on(shell, tree, far) -> None:
    for n in range(8):
        (tree / f"big{n}").write_bytes(bytes([n]) * 200_000)
    again = ("upload", "tree", "--parent", far.project, "--report", "r.json")

    done = shell(*again, "--bwlimit", "200K", "--max-duration", "1s", "--concurrency", "1")

    assert done.code == 10
    assert "continues where this run ended" in done.err
    assert json.loads(Path("r.json").read_text())["ended"] == "time"
    shell.ok(*again)
    assert len(there(far)) == 12


def test_a_dry_run_prints_every_action_and_writes_nothing(shell, tree, far) -> None:
    done = shell.ok("upload", "tree", "--parent", far.project, "--dry-run", "--json", "--exclude", "*.tmp")

    actions = [(Path(line["path"]).name, line["verb"]) for line in done.lines[:-1]]
    assert {("a.txt", "upload"), ("þ.txt", "upload"), ("empty", "upload"), ("sub", "folder")} <= set(actions)
    assert done.lines[-1]["event"] == "plan"
    assert done.lines[-1]["actions"]["upload"] == {"files": 3, "bytes": 5}
    assert there(far) == []
    assert {each.method for each in far.state.requests} == {"GET"}
    assert not list((tree.parent / ".." / "state").rglob("*.sqlite"))


def test_a_journal_cannot_be_at_links_in_a_circle_and_a_report_replaces_them(
    shell, tree, far, tmp_path
) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(link)

    ended = shell("upload", str(tree), "--parent", far.project, "--job", str(link), "--report", "r.html")
    assert ended.code
    assert "link.html" in ended.err

    ended = shell(
        "upload", str(tree), "--parent", far.project, "--job", str(tmp_path / "j"), "--report", str(link)
    )
    assert ended.code == 0
    assert link.is_file()


def test_a_report_must_not_overwrite_the_journal(shell, tree, far, tmp_path) -> None:
    place = str(tmp_path / "job.json")

    ended = shell("upload", str(tree), "--parent", far.project, "--job", place, "--report", place)

    assert ended.code == 2
    assert "journal" in ended.err


def test_a_report_must_not_overwrite_a_file_that_is_uploaded(shell, far, tmp_path) -> None:
    source = tmp_path / "data.json"
    source.write_text("{}")

    ended = shell("upload", str(source), "--parent", far.project, "--report", str(source))

    assert ended.code == 2
    assert f"would overwrite {source}" in ended.err
    assert (source.read_text(), far.state.files) == ("{}", [])


def test_a_dry_run_has_no_report(shell, tree, far) -> None:
    assert shell("upload", "tree", "--parent", far.project, "--dry-run", "--report", "r.json").code == 2


def test_without_parent_or_path_it_is_a_matter_of_usage(shell, tree) -> None:
    assert shell("upload", "tree").code == 2
    assert shell("upload", "--parent", "p").code == 2
    assert shell("upload", "gone", "--parent", "p").code == 2
    assert shell("upload", "tree", "--parent", "").code == 2


def test_who_reads_the_lines_may_go(shell, tree, far) -> None:
    command = [sys.executable, "-m", "coredata_async", "upload", "tree", "--parent", far.project, "--json"]
    reader = subprocess.Popen(
        [*command, "--report", "r.json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()

    with reader.stderr as words:
        output = words.read().decode()

    assert reader.wait(30) == 1
    assert "Traceback" not in output
    assert Path("r.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="a Ctrl-C for another process is POSIX's")
def test_ctrl_c_ends_it_in_good_order_with_a_report_and_the_rest_is_done_later(shell, tree, far) -> None:
    for n in range(8):
        (tree / f"big{n}").write_bytes(bytes([n]) * 400_000)
    again = ("upload", "tree", "--parent", far.project)
    command = [sys.executable, "-m", "coredata_async", *again, "--json", "--report", "r.json"]
    running = subprocess.Popen(
        [*command, "--bwlimit", "400K", "--concurrency", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    for line in running.stdout:
        if json.loads(line)["event"] == "progress" and json.loads(line)["sent"]:
            break
    running.send_signal(signal.SIGINT)
    began = time.monotonic()

    out, err = running.communicate(timeout=40)

    assert running.returncode == 130, err
    assert time.monotonic() - began < 30
    assert b"interrupted" in err
    assert json.loads(out.splitlines()[-1])["ended"] == "drained"
    assert json.loads(Path("r.json").read_text())["counts"]["pending"] > 0
    shell.ok(*again)
    assert len(there(far)) == 12


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_bars_on_a_terminal_do_not_get_into_the_lines_on_stdout(shell, tree, far) -> None:
    ours, its = os.openpty()
    command = [sys.executable, "-m", "coredata_async", "upload", "tree", "--parent", far.project, "--json"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=its, env={**os.environ, "TERM": "xterm"}
    )
    os.close(its)

    out, _ = running.communicate(timeout=40)
    shown = os.read(ours, 65_536)
    os.close(ours)

    assert running.returncode == 0
    assert json.loads(out.splitlines()[-1])["event"] == "report"
    assert all(json.loads(line) for line in out.splitlines())
    assert b"files" in shown


def test_a_full_disk_under_the_journal_is_six_and_says_what_to_do(shell, tree, far, monkeypatch) -> None:
    for n in range(400):
        (tree / f"{n}.txt").write_text(f"{n}")
    monkeypatch.setattr(opening, "_SETTINGS", (*opening._SETTINGS, "PRAGMA max_page_count = 20"))

    done = shell("upload", "tree", "--parent", far.project, "--json", "--report", "r.json")

    assert done.code == 6
    assert "the disk is full; make room, then run the same command again" in done.err
    assert "Traceback" not in done.err


ACTIONS = (
    Action(verb="folder", path="/data"),
    Action(verb="upload", path="/data/a", size=1000),
    Action(verb="upload", path="/data/b", size=500),
    Action(verb="skip", path="/data/c", size=7, message="same"),
)


async def given(*actions: Action) -> AsyncIterator[Action]:
    for each in actions:
        yield each


async def test_people_get_lines_and_the_sums(capsys) -> None:
    assert await print_dry_run(given(*ACTIONS), as_json=False) == 0

    output = capsys.readouterr()
    assert output.out.splitlines() == [
        "folder              /data",
        "upload      1.0 kB  /data/a",
        "upload   500 bytes  /data/b",
        "skip       7 bytes  /data/c  (same)",
    ]
    assert "folder 1, skip 1 file (7 bytes), upload 2 files (1.5 kB)" in output.err
    assert "at least 7 requests. Nothing was written." in output.err


async def test_programs_get_json_lines(capsys) -> None:
    await print_dry_run(given(*ACTIONS), as_json=True)

    lines = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert lines[1] == {"event": "action", "verb": "upload", "path": "/data/a", "size": 1000, "message": ""}
    assert lines[-1] == {
        "event": "plan",
        "actions": {
            "folder": {"files": 1, "bytes": 0},
            "skip": {"files": 1, "bytes": 7},
            "upload": {"files": 2, "bytes": 1500},
        },
        "requests": 7,
    }


async def test_what_would_fail_is_an_exit_code(capsys) -> None:
    assert await print_dry_run(given(Action(verb="fail", path="/x", message="name")), as_json=False) == 1


async def test_nothing_to_do_is_said(capsys) -> None:
    assert await print_dry_run(given(), as_json=False) == 0

    assert "nothing to do" in capsys.readouterr().err


def test_a_path_moves_no_cursor() -> None:
    assert "\n" not in action_line(Action(verb="upload", path="/a\nb\x1b[2J"))
    assert "\x1b" not in action_line(Action(verb="upload", path="/a\nb\x1b[2J"))
