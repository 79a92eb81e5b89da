"""Tests of the command with closed, full or broken streams, and in locales that lack letters."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell arranges the streams")

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
NAMES = ("résumé.txt", "日本.txt", "smile 😀.txt")
SHELL = f'set -o pipefail; coredata() {{ {sys.executable} -m coredata_async "$@"; }}; '
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def signed_in(far, tmp_path) -> dict[str, str]:
    """Return an environment in which `coredata` is signed in to the sandbox."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "COREDATA_BASE_URL": far.url,
        "COREDATA_API_USER": far.api_user,
        "COREDATA_API_KEY": far.api_key,
    }


@pytest.fixture
def sh(far, tmp_path, signed_in):
    """Return a function that runs a line of shell, with `coredata` signed in to the sandbox."""
    (tmp_path / "a.txt").write_text("hello")

    def run(line: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["bash", "-c", f"{SHELL}{line}"],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            timeout=50,
            env={**signed_in, "COREDATA_MAX_RETRIES": "0", "P": far.project, "S": far.space, **env},
        )

    return run


@pytest.mark.parametrize(
    "line",
    [
        "coredata projects list >&-",
        "coredata projects list --json 2>&-",
        "coredata projects list <&- >&- 2>&-",
        "coredata upload a.txt --parent $P --job j.sqlite --json >&-",
        "coredata upload a.txt --parent $P --job j.sqlite --json --processes 2 <&- >&- 2>&-",
        "coredata --version >&- 2>&-",
    ],
)
def test_a_closed_stream_takes_nothing_and_fails_nothing(sh, line) -> None:
    done = sh(line)

    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr


@pytest.mark.parametrize("size", ["²", "0", "-1", "x", "1000000000", "9" * 5000])
def test_an_impossible_size_of_the_terminal_counts_as_not_given(sh, size) -> None:
    done = sh("coredata whoami", COLUMNS=size, LINES=size)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_current_directory_that_was_removed_is_named(sh) -> None:
    done = sh("mkdir gone; cd gone; rmdir ../gone; coredata upload $OLDPWD/a.txt --parent $P --job j.sqlite")

    assert done.returncode == 1
    assert done.stderr == b"coredata: the current directory: No such file or directory\n"


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_no_bars_are_drawn_into_a_file(sh, variable) -> None:
    done = sh("coredata upload a.txt --parent $P --job j.sqlite", **{variable: "1"})

    assert done.returncode == 0
    assert b"\x1b" not in done.stderr


def test_a_file_that_is_opened_never_takes_the_place_of_a_closed_stream(sh, tmp_path) -> None:
    assert sh("coredata upload a.txt --parent $P --job j.sqlite --json <&- >&- 2>&-").returncode == 0
    assert b"event" not in (tmp_path / "j.sqlite").read_bytes()


@pytest.mark.parametrize("command", ["upload", "check"])
def test_a_list_of_files_that_never_comes_does_not_hold_up_the_end(far, tmp_path, signed_in, command) -> None:
    (tmp_path / "src").mkdir()
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "coredata_async", command, "src", "--files-from", "-"],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**signed_in, "COREDATA_PARENT": far.project},
    ) as process:
        while not any(request.operation.startswith("projects.") for request in far.state.requests):
            time.sleep(0.05)
        time.sleep(0.5)  # until it reads its list
        process.send_signal(signal.SIGTERM)
        try:
            _, messages = process.communicate(timeout=20)
        finally:
            process.kill()
            os.close(writing)
            os.close(reading)

    assert process.returncode == 130
    assert b"interrupted" in messages
    assert b"Fatal" not in messages


@full
@pytest.mark.parametrize(
    "line",
    [
        "coredata projects list >/dev/full",
        "coredata projects list --json >/dev/full",
        "coredata api GET /api/v2/projects/ >/dev/full",
        "coredata upload a.txt --parent $P --job j.sqlite --json >/dev/full",
        "coredata upload a.txt --parent $P --job j.sqlite --dry-run >/dev/full",
        "coredata check a.txt --parent $P >/dev/full",
        "coredata projects create --space $S --title x >/dev/full",
        "PYTHONUNBUFFERED=1 coredata projects list --json >/dev/full",
        "coredata --help >/dev/full",
        "coredata --version >/dev/full",
        "coredata completion bash >/dev/full",
        "coredata sandbox >/dev/full",
        "coredata doctor --json >/dev/full",
    ],
)
def test_output_that_cannot_be_written_is_a_failure_in_one_line(sh, line) -> None:
    done = sh(line)

    assert done.returncode == 1, done.stderr
    assert b"the output cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@full
@pytest.mark.parametrize(("to", "error"), [("> /dev/full", b"No space left on device"), ("| true", b"")])
@pytest.mark.parametrize("form", ["", "--json"])
def test_a_download_that_cannot_print_is_not_taken_for_a_file_that_was_not_saved(
    sh, put, form, to, error
) -> None:
    ids = " ".join(put(b"abc", f"{number}.txt") for number in range(3))

    done = sh(f"coredata download {ids} -o out/ {form} {to}")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [b"coredata: the output cannot be written: " + error][: bool(error)]


@full
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("coredata projects list 2>/dev/full", 0),
        ("coredata upload a.txt --parent $P --job j.sqlite 2>/dev/full", 0),
        ("coredata projects get nothing-there 2>/dev/full", 1),
        ("coredata fly 2>/dev/full", 2),
    ],
)
def test_messages_that_cannot_be_written_change_no_exit_code(sh, line, code) -> None:
    done = sh(line)

    assert done.returncode == code, done


@pytest.mark.parametrize(
    "line",
    [
        "coredata upload . --parent $P --job ../j.sqlite 2>&1 | head -c 1",
        "coredata projects list --help | true",
        "coredata api GET /api/v2/projects/ | true",
        "coredata projects list --json | true",
        "coredata check . --parent $P --json | true",
    ],
)
def test_a_reader_that_has_enough_ends_the_command_without_a_word(sh, line) -> None:
    done = sh(line)

    assert done.returncode in {0, 1}, done
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.timeout(240)  # nine processes
@pytest.mark.parametrize("env", [ASCII, {"PYTHONIOENCODING": "latin-1"}])
def test_names_that_the_locale_lacks_are_uploaded_listed_compared_and_saved(sh, tmp_path, env) -> None:
    (tmp_path / "src").mkdir()
    for name in NAMES:
        (tmp_path / "src" / name).write_text(name)
    lines = (
        "coredata upload src/. --parent $P --job j.sqlite --report r.json --report r.html",
        "coredata files list",
        "coredata check src/. --parent $P",
        "coredata upload src/. --parent $P --job j.sqlite --json",
        "coredata files list --json",
    )
    for line in lines:
        done = sh(line, **env)

        assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), (line, done.stderr)
    found = [json.loads(each) for each in done.stdout.splitlines()]
    assert sorted(each["filename"] for each in found) == sorted(NAMES)
    ids = " ".join(each["id"] for each in found)
    done = sh(f"coredata download {ids} -o out/", **env)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == len(NAMES)
    assert sh(f"coredata download {ids} -o out/", **env).returncode == 1
    assert b"Traceback" not in sh("coredata upload 'ólíkt' --parent $P", **env).stderr


def test_results_go_to_stdout_and_messages_to_stderr(shell, far, put, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "a.txt").write_text("a")

    uploaded = shell.ok("upload", str(tmp_path / "a.txt"), "--parent", far.project)
    saved = shell.ok("download", put(), "-o", str(tmp_path / "out"))

    assert "planned" in uploaded.out
    assert "journal" not in uploaded.out
    assert "planned" not in uploaded.err
    assert saved.out.endswith(f"{tmp_path / 'out'}\n")
    assert saved.err == ""
