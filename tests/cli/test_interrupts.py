"""Tests that SIGTERM and SIGHUP end every command as Ctrl-C does, with cleanup and exit code 130."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coredata_async.cli.interrupts import ending_like_ctrl_c
from tests.rig import some_bytes

MAIN = "from coredata_async.cli import main; main()"
LIKE_CTRL_C = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", LIKE_CTRL_C)
def test_the_main_task_is_cancelled_and_cleans_up(number: signal.Signals) -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            signal.raise_signal(number)
            await asyncio.sleep(30)
        finally:
            cleaned.append(True)

    before = signal.signal(number, signal.SIG_DFL)  # it may be ignored, as under nohup
    try:
        with ending_like_ctrl_c(), pytest.raises(KeyboardInterrupt):
            asyncio.run(work())
    finally:
        signal.signal(number, before)

    assert cleaned == [True]


@pytest.mark.parametrize("number", LIKE_CTRL_C)
def test_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with ending_like_ctrl_c():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_sigterm_works_where_ctrl_c_is_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ending_like_ctrl_c(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_put_back_and_other_threads_have_none() -> None:
    before = [signal.getsignal(each) for each in LIKE_CTRL_C]
    seen: list[object] = []

    def look() -> None:
        with ending_like_ctrl_c():
            seen.extend(signal.getsignal(each) for each in LIKE_CTRL_C)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    with ending_like_ctrl_c():
        assert [signal.getsignal(each) for each in LIKE_CTRL_C] != before

    assert seen == before
    assert [signal.getsignal(each) for each in LIKE_CTRL_C] == before


@pytest.fixture
def start(far) -> Iterator:
    """Start the command in a process of its own, as if a shell had not made it ignore signals."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str, ignored: tuple[signal.Signals, ...] = ()) -> subprocess.Popen[bytes]:
        prepare = "import signal\n" + "".join(
            f"signal.signal({int(each)}, signal.{'SIG_IGN' if each in ignored else 'SIG_DFL'})\n"
            for each in LIKE_CTRL_C
        )
        program = f"{prepare}signal.signal(2, signal.default_int_handler)\n{MAIN}"
        environment = {
            **os.environ,
            "COREDATA_BASE_URL": far.url,
            "COREDATA_API_USER": far.api_user,
            "COREDATA_API_KEY": far.api_key,
        }
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", program, *arguments], env=environment, stdout=-1, stderr=-1
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, *LIKE_CTRL_C])
def test_a_download_leaves_nothing_behind(start, put, far, tmp_path: Path, number: signal.Signals) -> None:
    file = put(some_bytes(300_000), "big.bin")
    far.faults.stall("storage.get", 100_000)
    process = start("download", file, "-o", f"{tmp_path}/out/")
    wait_for(lambda: any((tmp_path / "out").glob(".*.part")))

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert list((tmp_path / "out").iterdir()) == []
    assert b"interrupted" in err
    assert b"Traceback" not in err


def test_nohup_is_respected(start, put, far, tmp_path: Path) -> None:
    file = put(some_bytes(300_000), "big.bin")
    far.faults.stall("storage.get", 100_000)
    process = start("download", file, "-o", f"{tmp_path}/out/", ignored=(signal.SIGHUP,))
    wait_for(lambda: any((tmp_path / "out").glob(".*.part")))

    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.terminate()

    assert process.wait(20) == 130


@pytest.mark.parametrize("number", LIKE_CTRL_C)
def test_the_sandbox_ends_too(start, number: signal.Signals) -> None:
    process = start("sandbox")
    assert process.stdout is not None
    assert b"export" in process.stdout.readline()

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_tmp_path")
@pytest.mark.parametrize("number", LIKE_CTRL_C)
@pytest.mark.parametrize(
    "waiting",
    [
        (("projects", "list"), "projects.list"),
        (("upload", "a.txt", "--parent", "PROJECT", "--job", "j.sqlite"), "storage.put"),
        (("check", "a.txt", "--parent", "PROJECT"), "*"),
    ],
)
def test_a_command_that_waits_for_the_server_ends(start, far, waiting, number: signal.Signals) -> None:
    command, at = waiting
    Path("a.txt").write_text("hello")
    fault = far.faults.stall(at, times=None)
    process = start(*(far.project if each == "PROJECT" else each for each in command))
    wait_for(lambda: fault.fired)

    process.send_signal(number)
    if command[0] == "upload":  # the first signal lets files in flight end
        time.sleep(0.3)
        process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert b"Traceback" not in err


def test_the_demo_ends_with_its_sandbox(start) -> None:
    process = start("demo")
    assert process.stderr is not None
    assert b"starting a sandbox" in process.stderr.readline()

    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert b"Traceback" not in err
