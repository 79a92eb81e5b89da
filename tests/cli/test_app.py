import subprocess
import sys
from pathlib import Path

import pytest

from coredata_async import AuthenticationError, ConfigurationError, CoreDataError
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.cli import main
from coredata_async.cli.app import COMMANDS, run
from coredata_async.cli.app import coredata as group
from coredata_async.cli.resources.resource import nouns
from coredata_async.message import Reply, Request
from coredata_async.version import VERSION
from tests.cli.command import coredata


def test_help_names_every_sub_command_and_the_exit_codes(bare) -> None:
    output = bare.ok("--help").out

    for word in (*COMMANDS, *nouns(), "Exit codes"):
        assert word in output


def test_the_version_is_the_packages() -> None:
    assert VERSION in coredata("--version").stdout


def test_an_unknown_sub_command_is_a_matter_of_usage(bare) -> None:
    done = bare("fly")

    assert done.code == 2
    assert "fly" in done.err


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (ConfigurationError("no key"), 2),
        (AuthenticationError("bad key", Request("GET", "/"), Reply(401)), 6),
        (CoreDataError("else"), 1),
        (JournalError(Path("job.sqlite"), "the disk is full"), 6),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_is_raised_becomes_one_line_and_an_exit_code(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(group, "main", fail)

    with pytest.raises(SystemExit) as exit_:
        run()

    assert exit_.value.code == code
    words = capsys.readouterr().err
    assert words.count("\n") == 1
    assert "Traceback" not in words


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("coredata_async.cli.find_spec", lambda name: None if name == "click" else name)

    with pytest.raises(SystemExit) as exit_:
        main()

    assert exit_.value.code == 2
    assert "pip install 'coredata-async[cli]'" in capsys.readouterr().err


def test_the_package_imports_without_the_extra() -> None:
    code = (
        "import sys; sys.modules.update(click=None, rich=None); import coredata_async, coredata_async.cli; "
        "from coredata_async.sandbox import Sandbox"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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
