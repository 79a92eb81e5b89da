"""The cluster's nats-server, which can be killed and started again."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coredata_async.cluster.server import find_server, prepare_server
from coredata_async.errors import ConfigurationError
from tests.ports import reserve_port
from tests.records.servers import wait_for


class ClusterServer:
    def __init__(self, directory: Path, *, host: str = "127.0.0.1", tls: bool | None = None) -> None:
        pytest.importorskip("nats")
        try:
            self._program = str(find_server())
        except ConfigurationError as exc:
            pytest.skip(str(exc))
        if tls and shutil.which("openssl") is None:
            pytest.skip("no openssl to make a certificate with")
        self.files = prepare_server(directory, host, reserve_port(), tls=tls)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self):
        return self.files.address

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self.files.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.files.port, self._process)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self, pause: float = 0.0) -> None:
        """Kill the server as a power cut would, and start it again."""
        self.kill()
        time.sleep(pause)
        self.start()


def environment(box, server: ClusterServer, environ) -> dict[str, str]:
    """Return the environment of a command that uses a sandbox and the server."""
    return {
        **environ,
        "COREDATA_BASE_URL": box.url,
        "COREDATA_API_USER": box.api_user,
        "COREDATA_API_KEY": box.api_key,
        "COREDATA_CLUSTER_TOKEN_FILE": str(server.files.token_file),
    }


def coredata(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "coredata_async", *arguments]
