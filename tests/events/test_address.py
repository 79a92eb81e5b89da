"""NATS with TLS and each way to sign in, against a real nats-server; no secret leaves by another way."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from coredata_async import ConfigurationError
from coredata_async.events.address import NatsAddress, check_encryption
from coredata_async.events.errors import BrokerError
from tests.ports import reserve_port
from tests.records.servers import nats_server

from .workers import SUBJECT, arguments, files, message, start_worker, wait_until, wait_until_answered

TOKEN = "token-of-the-test"
servers = pytest.mark.servers


@pytest.fixture
def token_file(root) -> Path:
    path = root.with_name("token")
    path.write_text(f"{TOKEN}\n")
    return path


def secure(server, scheme: str = "tls"):
    """Change the URL of a server, so that its clients encrypt."""
    server.url = server.url.replace("nats://", f"{scheme}://")
    return server


def tls(certificate: Path, more: str = "") -> str:
    key = certificate.with_name("key.pem")
    return f"tls {{ cert_file: {str(certificate)!r}\n key_file: {str(key)!r}\n {more} }}"


async def publish(server, context: ssl.SSLContext, data: bytes, **options: object) -> None:
    import nats

    connection = await nats.connect(server.url, tls=context, **options)
    try:
        stream = connection.jetstream()
        await stream.publish(SUBJECT, data)
        await wait_until_answered(stream)
    finally:
        await connection.close()


def shown_arguments(pid: int) -> str:
    """Return the arguments that each user of this machine can read, where the system shows them."""
    listed = Path(f"/proc/{pid}/cmdline")
    return listed.read_text() if listed.exists() else ""


async def work_once(service, server, root, log, publishing, *more: str) -> int:
    """Start a worker, publish one message, and return the exit code of the worker."""
    process = await start_worker(service, server, root, log, *more)
    try:
        await wait_until(lambda: "waiting for messages" in log.read_text() or process.returncode is not None)
        assert process.returncode is None, log.read_text()
        assert TOKEN not in shown_arguments(process.pid)
        await publishing
        process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(process.wait(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@servers
@pytest.mark.timeout(180)
@pytest.mark.parametrize("first", [False, True])
async def test_messages_come_over_tls_with_a_token(service, certificate, token_file, first) -> None:
    tmp_path, root = token_file.parent, token_file.with_name("root")
    settings = tls(certificate, "handshake_first: true" if first else "")
    settings += f"\nauthorization {{ token: {TOKEN} }}"
    more = ("--tls-ca", str(certificate), "--token-file", str(token_file), *["--tls-first"] * first)
    context = ssl.create_default_context(cafile=certificate)
    options = {"token": TOKEN, "tls_handshake_first": first}
    with nats_server(tmp_path, settings=settings) as server:
        secure(server)
        publishing = publish(server, context, message(service, "a.txt"), **options)
        code = await work_once(service, server, root, tmp_path / "log", publishing, *more)

    assert code == 0
    assert files(service) == {"a.txt": 1}
    assert TOKEN not in (tmp_path / "log").read_text()


@servers
@pytest.mark.timeout(180)
async def test_a_server_may_verify_the_certificate_of_the_worker(
    service, tmp_path, root, certificate
) -> None:
    key = certificate.with_name("key.pem")
    settings = tls(certificate, f"ca_file: {str(certificate)!r}\n verify: true")
    more = ("--tls-ca", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key))
    context = ssl.create_default_context(cafile=certificate)
    context.load_cert_chain(certificate, key)
    with nats_server(tmp_path, settings=settings) as server:
        publishing = publish(secure(server), context, message(service, "a.txt"))
        code = await work_once(service, server, root, tmp_path / "log", publishing, *more)

    assert (code, files(service)) == (0, {"a.txt": 1})


async def refusal(service, server, root, *more: str, **variables: str) -> tuple[int | None, str]:
    """Run a worker that must not start; return its exit code and messages."""
    environment = {
        **os.environ,
        "COREDATA_BASE_URL": service.url,
        "COREDATA_API_USER": "u",
        "COREDATA_API_KEY": "k",
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        *arguments(server, root, *more), env=environment, stderr=asyncio.subprocess.PIPE
    )
    output = (await asyncio.wait_for(process.communicate(), 60))[1].decode()
    return process.returncode, output


@servers
async def test_an_unknown_certificate_and_a_wrong_token_are_refused(
    service, tmp_path, root, certificate
) -> None:
    settings = f"{tls(certificate)}\nauthorization {{ token: {TOKEN} }}"
    with nats_server(tmp_path, settings=settings) as server:
        unknown = await refusal(service, secure(server), root, NATS_TOKEN=TOKEN)
        wrong = await refusal(service, server, root, "--tls-ca", str(certificate), NATS_TOKEN="wrong-token")

    assert unknown[0] == 6
    assert "its certificate is not trusted" in unknown[1]
    assert "--tls-ca" in unknown[1]
    assert wrong[0] == 6
    assert "Authorization" in wrong[1]
    assert TOKEN not in unknown[1] + wrong[1]
    assert "wrong-token" not in wrong[1]


@servers
async def test_a_token_is_not_sent_to_a_server_without_tls(service, tmp_path, root) -> None:
    with nats_server(tmp_path) as server:
        code, output = await refusal(service, secure(server), root, NATS_TOKEN=TOKEN)

    assert code == 6
    assert "it does not ask for TLS" in output


async def test_a_server_that_does_not_introduce_itself_is_reported() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(BrokerError, match=rf"NATS at 127.0.0.1:{port} cannot be used: "):
            await check_encryption(NatsAddress(url=f"tls://127.0.0.1:{port}"))


async def test_an_introduction_that_is_nested_without_end_is_an_error() -> None:
    async def introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + b"[" * 60_000 + b"\r\n")
        writer.close()

    server = await asyncio.start_server(introduce, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(BrokerError, match="cannot be used"):
            await check_encryption(NatsAddress(url=f"tls://127.0.0.1:{port}"))


async def test_a_server_that_is_not_there_yet_is_waited_for(monkeypatch) -> None:
    monkeypatch.setattr("coredata_async.events.address.TIMEOUT", 0.3)

    with pytest.raises(BrokerError, match="does not answer within"):
        await check_encryption(NatsAddress(url=f"tls://127.0.0.1:{reserve_port()}"))


@pytest.mark.parametrize("url", ["1", "http://h", "nats://", "nats://h:port", "nats://h:99999"])
def test_an_address_that_is_not_of_nats_is_refused(url) -> None:
    with pytest.raises(ConfigurationError, match="nats://"):
        NatsAddress(url=url)


def test_an_address_is_shown_without_its_password() -> None:
    assert "secret" not in repr(NatsAddress(url="nats://user:secret@h:4222"))
    assert "hidden" not in repr(NatsAddress(url="nats://h:4222", token="hidden"))
    assert NatsAddress(url="nats://user:secret@h:4222").host == "h:4222"


def test_one_way_to_sign_in_is_given() -> None:
    with pytest.raises(ConfigurationError, match="two ways to sign in") as caught:
        NatsAddress(url="nats://user:secret@h", token="hidden")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff"])
def test_a_file_without_a_token_is_refused(tmp_path, content) -> None:
    (tmp_path / "token").write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"the token of NATS in .* cannot be read"):
        NatsAddress(url="nats://h", token_file=str(tmp_path / "token"))


@servers  # FastStream
def test_a_token_is_read_again_at_each_connection(token_file) -> None:
    security = NatsAddress(url="tls://h", token_file=str(token_file)).security()
    token_file.write_text("another")
    second = security.token()
    token_file.unlink()

    assert (second, security.token()) == ("another", "another")


@servers  # FastStream
def test_credentials_without_nkeys_are_a_usage_error(monkeypatch) -> None:
    monkeypatch.setattr("faststream.nats.security._nkeys", None)

    with pytest.raises(ConfigurationError, match="needs nkeys"):
        NatsAddress(url="tls://h", credentials="nats.creds").security()


@pytest.mark.parametrize("name", ["authorities", "certificate"])
def test_a_file_that_is_not_a_certificate_is_a_usage_error(tmp_path, name) -> None:
    (tmp_path / "cert.pem").write_text("nothing")

    with pytest.raises(
        ConfigurationError, match=r"a certificate or key for NATS cannot be read \(.*cert.pem"
    ):
        NatsAddress(url="tls://h", **{name: str(tmp_path / "cert.pem")}).tls_context()


@pytest.mark.parametrize(
    ("url", "fields", "exposed"),
    [
        ("nats://h", {"token": "t"}, True),
        ("nats://u:p@h", {}, True),
        ("nats://h", {}, False),
        ("nats://127.0.0.1", {"token": "t"}, False),
        ("nats://localhost", {"token": "t"}, False),
        ("tls://h", {"token": "t"}, False),
        ("nats://h", {"token": "t", "tls_first": True}, False),
    ],
)
def test_a_token_without_tls_is_exposed_to_the_network(url, fields, exposed) -> None:
    assert NatsAddress(url=url, **fields).is_exposed is exposed


def test_a_token_is_not_an_argument() -> None:
    command = [sys.executable, "-m", "coredata_async", "worker", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "--token-file" in done.stdout
    assert "--token " not in done.stdout
