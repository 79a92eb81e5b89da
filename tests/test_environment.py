"""Environment variables and valid base URLs."""

import ast
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

import coredata_async
from coredata_async import CoreData
from coredata_async.config import Retry, Timeouts
from coredata_async.environment import base_address, from_environment, without_keys
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret

NAMES = "BASE_URL API_USER API_KEY API_KEY_V3 TIMEOUT MAX_RETRIES LOG CA_BUNDLE TRANSPORT PROXY"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES.split():
        monkeypatch.delenv(f"COREDATA_{name}", raising=False)
    return monkeypatch


@pytest.fixture(autouse=True)
def log() -> Iterator[logging.Logger]:
    log = logging.getLogger("coredata_async")
    before = log.level, [*log.handlers]
    yield log
    log.setLevel(before[0])
    log.handlers = before[1]


def test_an_empty_environment_sets_nothing() -> None:
    address, options = from_environment({})

    assert address is None
    assert {name: value for name, value in options.items() if value is not None} == {}


def test_each_variable_is_taken() -> None:
    address, options = from_environment(
        {
            "COREDATA_BASE_URL": " https://acme.coredata.is ",
            "COREDATA_API_USER": "kari",
            "COREDATA_API_KEY": "k2",
            "COREDATA_API_KEY_V3": "k3",
            "COREDATA_TIMEOUT": "2.5",
            "COREDATA_MAX_RETRIES": "0",
            "COREDATA_TRANSPORT": "aiohttp",
            "COREDATA_PROXY": "p:3128",
        }
    )

    assert address == "https://acme.coredata.is"
    assert options == {
        "api_user": "kari",
        "api_key": Secret("k2"),
        "api_key_v3": Secret("k3"),
        "timeouts": Timeouts(response=2.5),
        "proxy": Secret("p:3128"),
        "retry": Retry(attempts=1),
        "transport": "aiohttp",
    }


def test_an_unknown_transport_is_named() -> None:
    with pytest.raises(ConfigurationError, match="COREDATA_TRANSPORT must be auto or aiohttp, not 'lean'"):
        from_environment({"COREDATA_TRANSPORT": "lean"})


def test_an_empty_value_counts_as_unset() -> None:
    empty = {f"COREDATA_{name}": value for name in NAMES.split() for value in ("", "  ")}

    assert from_environment(empty) == from_environment({})


def test_a_timeout_of_0_waits_forever() -> None:
    assert from_environment({"COREDATA_TIMEOUT": "0"})[1]["timeouts"] == Timeouts(response=None)


@pytest.mark.parametrize("name", ["COREDATA_TIMEOUT", "COREDATA_MAX_RETRIES"])
@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e999", "5s", "0x10", "1,5"])
def test_what_is_not_a_number_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be a number of 0 or more, not '{text}'"):
        from_environment({name: text})


def test_half_a_repeat_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="COREDATA_MAX_RETRIES must be a whole number"):
        from_environment({"COREDATA_MAX_RETRIES": "1.5"})


def test_a_bundle_of_certificates_is_trusted() -> None:
    bundle = ssl.get_default_verify_paths().cafile
    if bundle is None:
        pytest.skip("this system has no bundle of certificates")

    context = from_environment({"COREDATA_CA_BUNDLE": bundle})[1]["ssl"]

    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_invalid_bundle_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "empty", tmp_path / "text"):
        with pytest.raises(
            ConfigurationError, match=f"COREDATA_CA_BUNDLE: {path} is not a readable certificate file"
        ):
            from_environment({"COREDATA_CA_BUNDLE": str(path)})


@pytest.mark.parametrize(("text", "level"), [("debug", logging.DEBUG), ("INFO", logging.INFO)])
def test_a_level_turns_the_log_on_once(text: str, level: int, log: logging.Logger) -> None:
    count = len(log.handlers)
    for _ in range(2):
        from_environment({"COREDATA_LOG": text})

    assert (log.level, len(log.handlers)) == (level, count + 1)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="COREDATA_LOG must be debug, info or warning, not 'loud'"):
        from_environment({"COREDATA_LOG": "loud"})


def test_a_client_is_made_of_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COREDATA_BASE_URL", "https://acme.coredata.is/")
    environ.setenv("COREDATA_API_USER", "kari")
    environ.setenv("COREDATA_API_KEY", "SECRET")
    environ.setenv("COREDATA_TIMEOUT", "7")
    environ.setenv("COREDATA_MAX_RETRIES", "1")

    client = CoreData.from_env()

    assert repr(client) == "CoreData('https://acme.coredata.is', api_user='kari')"
    assert (client._send_options.timeouts, client._send_options.retry) == (
        Timeouts(response=7),
        Retry(attempts=2),
    )
    assert client._credentials.key_v3 == Secret("SECRET")


def test_an_argument_beats_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("COREDATA_BASE_URL", "https://acme.coredata.is")
    environ.setenv("COREDATA_API_USER", "kari")
    environ.setenv("COREDATA_API_KEY", "k")
    environ.setenv("COREDATA_MAX_RETRIES", "9")

    client = CoreData.from_env("https://other.coredata.is", api_user="anna", retry=Retry.none())

    assert repr(client) == "CoreData('https://other.coredata.is', api_user='anna')"
    assert client._send_options.retry == Retry.none()


@pytest.mark.parametrize("missing", ["COREDATA_BASE_URL", "COREDATA_API_USER", "COREDATA_API_KEY"])
def test_what_is_missing_is_named(environ: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("COREDATA_BASE_URL", "COREDATA_API_USER", "COREDATA_API_KEY"):
        environ.setenv(name, "" if name == missing else "https://acme.coredata.is")
    environ.setenv("COREDATA_API_USER", "" if missing == "COREDATA_API_USER" else "kari")

    with pytest.raises(ConfigurationError, match=missing):
        CoreData.from_env()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://acme.coredata.is", "https://acme.coredata.is"),
        ("https://acme.coredata.is/", "https://acme.coredata.is"),
        ("https://acme.coredata.is//", "https://acme.coredata.is"),
        (" https://acme.coredata.is:8443/ \n", "https://acme.coredata.is:8443"),
        ("HTTPS://Acme.CoreData.is", "https://Acme.CoreData.is"),
        ("http://localhost:8080", "http://localhost:8080"),
        (" http://localhost ", "http://localhost"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_base_url_is_scheme_and_host(url: str, address: str) -> None:
    assert base_address(url) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "base_url is missing"),
        ("", "base_url is missing"),
        ("   ", "must look like"),
        ("acme.coredata.is", "must look like 'https://<tenant>.coredata.is'"),
        ("acme.coredata.is:443", "must look like"),
        ("localhost", "must look like"),
        ("//acme.coredata.is", "must look like"),
        ("ftp://acme.coredata.is", "must look like"),
        ("https://", "must look like"),
        ("https:///api", "must look like"),
        ("https://user@acme.coredata.is", "without a user name"),
        ("https://user:SECRET@acme.coredata.is", "without a user name"),
        ("https://@acme.coredata.is", "without a user name"),
        ("https://acme.coredata.is/api/v2", "must consist of scheme and host, as https://acme.coredata.is"),
        ("https://acme.coredata.is/?x=SECRET", "consist of scheme and host"),
        ("https://acme.coredata.is#x", "consist of scheme and host"),
        ("http://acme.coredata.is", "would send the API key unencrypted"),
        ("http://127.0.0.1.evil.com", "would send the API key unencrypted"),
        ("http://10.0.0.1", "would send the API key unencrypted"),
        ("https://[::1", "must look like"),
        ("https://acme.coredata.is:port", "must look like"),
        ("https://acme.coredata.is:99999", "must look like"),
    ],
)
def test_any_other_base_url_is_refused(url: str | None, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        base_address(url)

    assert "SECRET" not in str(caught.value)


def test_a_child_process_inherits_no_key() -> None:
    given = {
        "COREDATA_API_KEY": "k",
        "COREDATA_PROXY": "p",
        "FIVEPM_PASSWORD": "p",
        "NATS_TOKEN": "t",
        "A": "b",
    }

    assert without_keys(given) == {"A": "b"}


def test_every_child_process_gets_an_environment_without_keys() -> None:
    """A process that is started without `env` would inherit all variables."""
    started = {"Popen", "run", "create_subprocess_exec", "create_subprocess_shell"}
    calls = 0
    for path in Path(coredata_async.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and "subprocess" in name and name.rpartition(".")[2] in started:
                calls += 1
                given = {each.arg: ast.unparse(each.value) for each in node.keywords}
                assert given.get("env") in {"environment(os.environ)", "without_keys(os.environ)"}, path
    assert calls >= 7


def test_a_log_of_tls_keys_that_cannot_be_written_is_not_a_fault_of_the_bundle(
    environ: pytest.MonkeyPatch, certificate: Path
) -> None:
    environ.setenv("SSLKEYLOGFILE", "/no/such/log")

    with pytest.raises(ConfigurationError, match="SSLKEYLOGFILE: /no/such/log cannot be written"):
        from_environment({"COREDATA_CA_BUNDLE": str(certificate)})
