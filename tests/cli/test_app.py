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
