"""The server of a cluster: private files, TLS from the first byte, and its end with its parent."""

import asyncio
import json
import socket
import stat
import subprocess
import sys
import time

import pytest
from attrs import evolve

from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.server import prepare_server
from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.records import VolatileStoreError
from tests.cluster.servers import ClusterServer, coredata
from tests.records.servers import nats_server

pytestmark = pytest.mark.servers


def test_files_of_the_server_are_private(server) -> None:
    directory = server.files.directory
    secret = [path for path in directory.iterdir() if path.is_file() and path.suffix != ".pem"]

    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_server_that_others_can_reach_needs_tls(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="TLS"):
        prepare_server(tmp_path / "s", "192.0.2.1", 4222, tls=False)


@pytest.fixture
def secure(tmp_path):
    server = ClusterServer(tmp_path / "secure", tls=True)
    server.start()
    yield server
    server.kill()


async def test_a_certificate_is_accepted_by_its_fingerprint(secure) -> None:
    async with await Cluster.open(secure.address) as cluster:
        assert cluster.connected


async def test_another_fingerprint_is_refused(secure) -> None:
    with pytest.raises(ClusterError, match="another certificate"):
        await Cluster.open(evolve(secure.address, fingerprint="0" * 64))


async def test_a_self_made_certificate_is_refused_without_its_fingerprint(secure) -> None:
    with pytest.raises(ClusterError, match=r"not trusted \(self.signed certificate\); name its fingerprint"):
        await Cluster.open(evolve(secure.address, fingerprint=None))


async def test_a_server_that_does_not_begin_with_tls_gets_no_token() -> None:
    received = bytearray()

    async def introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_name":"x","version":"2.15.1"}\r\n')
        received.extend(await reader.read(4096))
        writer.close()

    listening = await asyncio.start_server(introduce, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        with pytest.raises(ClusterError):
            await Cluster.connect(f"tls://127.0.0.1:{port}", fingerprint="0" * 64)

    assert b"CONNECT" not in received


@pytest.mark.parametrize(
    "line", [b"x" * 200_000, b"INFO " + b"[" * 60_000 + b"\r\n", b"INFO 1\r\n", b"\xff\r\n"]
)
async def test_what_is_not_the_introduction_of_a_nats_server_is_an_error(line: bytes) -> None:
    async def introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        writer.close()

    listening = await asyncio.start_server(introduce, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        with pytest.raises(CoreDataError):
            await Cluster.connect(f"nats://127.0.0.1:{port}")


async def test_a_server_that_may_lose_writes_is_refused(tmp_path) -> None:
    with nats_server(tmp_path, sync=False) as lazy:
        with pytest.raises(VolatileStoreError):
            await Cluster.connect(lazy.url)
        with pytest.raises(VolatileStoreError):
            await Cluster.connect(lazy.url, monitor=lazy.monitor)


async def test_a_foreign_server_that_syncs_is_accepted_by_its_monitoring_port(tmp_path) -> None:
    with nats_server(tmp_path) as foreign:
        async with await Cluster.connect(foreign.url, monitor=foreign.monitor) as cluster:
            assert cluster.connected


def test_an_run_embedded_ends_with_its_parent_even_if_that_is_killed(tmp_path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from coredata_async.cluster.server import run_embedded
async def main():
    async with run_embedded(Path({str(tmp_path / "s")!r})) as files:
        print(files.port, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 10
    while _listens(port) and time.monotonic() < end:
        time.sleep(0.05)

    assert not _listens(port)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_the_command_starts_shows_and_stops_a_server(tmp_path) -> None:
    directory = tmp_path / "cluster"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = coredata("cluster", *arguments, "--directory", str(directory))
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    assert run("status").returncode == 1
    started = run("start", "--listen", "127.0.0.1:0")
    try:
        assert started.returncode == 0, started.stderr
        token = (directory / "token").read_text()
        shown = json.loads(run("status", "--json").stdout)
        assert shown["running"] is True
        assert started.stdout.startswith(f"coredata worker --cluster {shown['url']} --cluster-token-file ")
        assert token not in started.stdout + started.stderr
        assert run("start").returncode == 1
    finally:
        stopped = run("stop")
    assert stopped.returncode == 0
    assert not _listens(int(shown["url"].rpartition(":")[2]))
    assert run("status").returncode == 1
