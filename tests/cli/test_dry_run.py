"""Tests of a dry run: every action, and the totals."""

import json
from collections.abc import AsyncIterator

from coredata_async.bulk.check.actions import Action
from coredata_async.cli.dry_run import line, print_dry_run

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
    assert "\n" not in line(Action(verb="upload", path="/a\nb\x1b[2J"))
    assert "\x1b" not in line(Action(verb="upload", path="/a\nb\x1b[2J"))
