"""Tests of a sandbox in the background: used with `eval`, found again, and stopped."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys

import pytest

from coredata_async import CoreData, CoreDataError
from coredata_async.cli import background
from coredata_async.cli.sandbox_process import Manner, SandboxAddress

EXPORT = re.compile(r"export ([A-Z0-9_]+)=(.*)")


@pytest.fixture
def state(bare, tmp_path, monkeypatch):
    """Return the directory of state files, and stop every running sandbox at the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield tmp_path / "state" / "coredata" / "sandboxes"
    for record in background.records():
        background.stop(record)


def variables(out: str) -> dict[str, str]:
    """Return the variables that a shell would export; each line must be an export."""
    found = [EXPORT.fullmatch(line) for line in out.splitlines()]
    assert all(found), out
    return {match[1]: shlex.split(match[2])[0] for match in found if match}


async def titles(given: dict[str, str]) -> list[str]:
    async with CoreData(
        given["COREDATA_BASE_URL"], api_user=given["COREDATA_API_USER"], api_key=given["COREDATA_API_KEY"]
    ) as client:
        await client.projects.get(given["COREDATA_PARENT"])
        return [space.title async for space in client.spaces.list()]


def pid_of(path) -> int:
    return json.loads(path.read_text())["pid"]


def test_a_shell_uses_it_after_eval_and_stops_it(state, tmp_path) -> None:
    (tmp_path / "a.txt").write_text("a")
    run = f"{shlex.quote(sys.executable)} -m coredata_async"
    script = f'eval "$({run} sandbox --background)" && {run} upload {tmp_path}/a.txt && {run} sandbox --stop'

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("coredata upload")
    assert "stopped the sandbox at http://127.0.0.1:" in done.stderr
    assert list(state.iterdir()) == []


def test_it_is_started_once_found_again_and_stopped_once(state, bare) -> None:
    first = bare.ok("sandbox", "--background")
    again = bare.ok("sandbox", "--background")
    (file,) = state.iterdir()

    assert variables(first.out) == variables(again.out)
    assert set(variables(first.out)) >= {"COREDATA_API_KEY_V3", "COREDATA_PARENT", "FIVEPM_PASSWORD"}
    assert "already in the background" in again.err
    assert "sandbox --stop" in first.err
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    other = bare("sandbox", "--background", "--space", "A")
    assert (other.code, other.out) == (2, "")
    assert "stopped" in bare.ok("sandbox", "--stop").err
    assert "no sandbox is in the background" in bare.ok("sandbox", "--stop").err


async def test_options_of_the_sandbox_reach_it(state, bare) -> None:
    done = await asyncio.to_thread(
        bare.ok, "sandbox", "--background", "--space", "A", "--space", "B c", "--range-includes-ends"
    )

    assert await titles(variables(done.out)) == ["A", "B c"]
    await asyncio.to_thread(bare.ok, "sandbox", "--stop")


def test_one_that_was_killed_is_forgotten(state, bare) -> None:
    bare.ok("sandbox", "--background")
    (file,) = state.iterdir()
    os.kill(pid_of(file), signal.SIGKILL)

    assert "no sandbox" in bare.ok("sandbox", "--stop").err
    assert list(state.iterdir()) == []


def test_a_process_that_has_the_id_by_now_is_left_alone(state, bare) -> None:
    """The record of a sandbox that has ended names this very process."""
    state.mkdir(parents=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        names = ("api_user", "api_key", "api_key_v3", "space", "project", "fivepm_url", "fivepm_login")
        box = SandboxAddress(url=url, fivepm_password="p", **dict.fromkeys(names, "x"))
        background._write(background.Record(path=state / "1.json", pid=os.getpid(), box=box))

        assert "no sandbox" in bare.ok("sandbox", "--stop").err
    assert list(state.iterdir()) == []


def test_files_that_are_not_records_are_ignored(state, bare) -> None:
    state.mkdir(parents=True)
    (state / "1.json").write_text("{")
    (state / "2.json").write_text('{"pid": 1, "box": {}}')

    assert background.records() == []


def test_a_state_directory_that_may_not_be_entered_is_named(bare, tmp_path, monkeypatch) -> None:
    # A name that is too long fails as a directory of another user does, also for root.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("x" * 300)))

    done = bare("sandbox", "--background")

    assert (done.code, done.out) == (2, "")
    assert "set XDG_STATE_HOME" in done.err


def test_a_port_in_use_is_reported_and_nothing_is_exported(state, bare) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = bare("sandbox", "--background", "--port", str(port))

        assert (done.code, done.out) == (1, "")
        assert "did not start" in done.err
        assert "in use" in done.err
        with pytest.raises(CoreDataError, match="check that the port is free"):
            background.start(Manner(port=port))


@pytest.mark.parametrize(
    "more", [["--background"], ["--space", "A"], ["--range-includes-ends"], ["--data", "."]]
)
def test_stop_stands_alone(bare, more) -> None:
    assert bare("sandbox", "--stop", *more).code == 2
