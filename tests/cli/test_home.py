import subprocess
import sys

import pytest

from tests.cli.command import coredata


def test_whoami_is_the_user_the_key_belongs_to(shell, far) -> None:
    assert shell.ok("whoami", "--json").lines[0]["username"] == far.api_user
    assert far.api_user in shell.ok("whoami").out


def test_recent_lists_the_projects_visited(shell, far) -> None:
    shell.ok("projects", "get", far.project)

    shell.ok("recent")
    assert {each["type"] for each in shell.ok("recent", "--json").lines} <= {"Project"}
    assert far.state.requests[-1].target.startswith("/api/v2/user/projects/recent/")


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell_name: str, bare) -> None:
    assert "_COREDATA_COMPLETE" in bare.ok("completion", shell_name).out


def test_completion_of_an_unknown_shell_is_a_matter_of_usage(bare) -> None:
    assert bare("completion", "tcsh").code == 2


def test_an_exit_code_gets_out_of_the_process() -> None:
    assert coredata("--config", "/not/there", "whoami").returncode == 2


def test_a_closed_pipe_does_not_cause_a_traceback() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m coredata_async completion fish | true"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("status", "code"), [(401, 6), (403, 1), (404, 1), (409, 1), (500, 1)])
def test_refusals_are_one_line_and_an_exit_code(status: int, code: int, shell, far) -> None:
    far.faults.status("projects.get", status)

    done = shell("projects", "get", far.project)

    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("coredata: GET /api/v2/projects/")
    assert done.err.count("\n") == 1


def test_a_wrong_key_is_a_matter_of_authentication(shell, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_API_KEY", "rangur-lykill")
    shell.secrets = ("rangur-lykill",)

    assert shell("whoami").code == 6
    assert shell("projects", "list", "--json").code == 6


def test_no_server_is_a_failure_of_one_line(shell) -> None:
    done = shell("whoami", "--base-url", "http://127.0.0.1:9")

    assert done.code == 6
    assert done.err.count("\n") == 1
