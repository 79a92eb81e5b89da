"""Tests of exit code 6 for an unreachable server in every command, with a message on what to check next."""

import socket

import pytest

from coredata_async import APIConnectionError, APITimeoutError, OutcomeUnknownError, StorageError
from coredata_async.cli.failures import exit_code, in_options
from coredata_async.message import Request
from tests.cli.walk import arguments, commands

CLUSTER = {"cluster start", "cluster status", "cluster stop"}
LOCAL = {"demo", "sandbox", "completion", "config path", "config show", *CLUSTER}
BROKER = {"worker", "job drain", "job list", "job report", "job retry", "job stop", "job watch"}
"""They need the extra `events` or `cluster`; tests/events and tests/cluster run them without a NATS."""
REMOTE = {
    name: context.command
    for name, context in commands()
    if name not in LOCAL | BROKER and not hasattr(context.command, "list_commands")
}
REQUEST = Request("GET", "/api/v2/spaces/")


@pytest.fixture
def closed(bare, tmp_path, monkeypatch):
    """Return the URL in all settings, of a port where nothing listens and nothing else can meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for variable, value in {
            "COREDATA_BASE_URL": url,
            "COREDATA_API_USER": "u",
            "COREDATA_API_KEY": "geheim",
            "COREDATA_MAX_RETRIES": "0",
            "FIVEPM_URL": url,
            "FIVEPM_LOGIN": "a@b.is",
            "FIVEPM_PASSWORD": "geheimt",
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }.items():
            monkeypatch.setenv(variable, value)
        yield url


def test_every_command_that_asks_a_server_is_known() -> None:
    assert {"upload", "check", "download", "api", "doctor", "whoami", "5pm archive", "files list"} <= set(
        REMOTE
    )


@pytest.mark.parametrize("name", ["whoami", "projects create", "upload"])
def test_both_transports_find_the_server_unreachable(name, bare, closed, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_TRANSPORT", "aiohttp")

    test_an_unreachable_server_is_exit_code_6(name, bare, closed, tmp_path)


@pytest.mark.parametrize("name", REMOTE)
def test_an_unreachable_server_is_exit_code_6(name, bare, closed, tmp_path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a")

    done = bare(*name.split(), *arguments(REMOTE[name], str(file)))

    assert (done.code, done.out) == (6, ""), done.err
    assert "cannot connect" in done.err
    assert f"{closed} (" in done.err
    assert "config show" in done.err
    assert "Traceback" not in done.err
    assert "base_url" not in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (APIConnectionError("refused", REQUEST, reached=False), 6),
        (APITimeoutError("late", REQUEST, phase="response"), 6),
        (OutcomeUnknownError("lost", REQUEST), 5),
        (StorageError("refused", stage="get", status=403), 1),
        (OSError("disk"), 1),
    ],
)
def test_an_error_has_one_exit_code(error, code) -> None:
    assert exit_code(error) == code


def test_an_unreachable_storage_is_exit_code_6() -> None:
    error = StorageError("the storage could not be reached", stage="get")
    error.__cause__ = APIConnectionError("refused", REQUEST, reached=False)

    assert exit_code(error) == 6


SECRETS = {
    "COREDATA_API_KEY": "9f8e7d6c5b4a",
    "COREDATA_API_KEY_V3": "-v3-k3y-0123",
    "FIVEPM_PASSWORD": "p4ss w0rd",
    "NATS_TOKEN": "n4ts-t0ken",
    "PGPASSWORD": "p0stgr3s",
    "AWS_SECRET_ACCESS_KEY": "c2VjcmV0/c2VjcmV0==",
    "SOME_PASSPHRASE": "correct=horse",
}


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize(
    "line",
    [
        "--{}",
        "--{}=x",
        "{}",
        "upload --{}",
        "upload --{} --parent p",
        "upload --links {} .",
        "upload --links={} .",
        "upload {} --parent p",
        "demo . {}",
        "files get --{} x",
        "files {}",
        "projects list --created-gt {}",
        "5pm {}",
        "5pm tasks list --flag {}",
        "--profile {} projects list",
        "--config {} config show",
        "completion {}",
    ],
)
def test_a_credential_among_the_arguments_is_not_quoted(line, variable, bare, monkeypatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COREDATA_BASE_URL", "http://127.0.0.1:1")
    secret = SECRETS[variable]

    done = bare(*(each.format(secret) for each in line.split()))

    assert done.code == 2
    assert secret not in done.err + done.out
    assert secret.strip("-").partition("=")[0] not in done.err + done.out


def test_arguments_that_are_no_credential_are_quoted(bare, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SSH_KEY_FILE", str(tmp_path))
    monkeypatch.setenv("KEY", "fly")

    assert "--flying" in bare("--flying").err
    assert str(tmp_path) in bare("--config", str(tmp_path), "projects", "list").err


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "not supported: name an HTTP proxy, or pass session= and storage_session= with a connector",
            "not supported: name an HTTP proxy",
        ),
        (
            "not 'x'; `client.value_lists.get('project_status')` has the values",
            "not 'x'; `coredata value-lists get project_status` has the values",
        ),
        ("429; lower Limits.concurrency or set Limits.rate", "429; try again later, with less at once"),
    ],
)
def test_a_message_names_options_and_commands_not_python(message: str, shown: str) -> None:
    assert in_options(message) == shown
