"""Two network namespaces on one virtual cable: a client's host and a server's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

SERVER, CLIENT = "10.203.0.1", "10.203.0.2"
HERE = Path(__file__).parents[3]


class Hosts:
    """Two namespaces. They need root and `ip` (iproute2), and are removed afterwards."""

    def __init__(self) -> None:
        self.server, self.client = (f"coredata-{end}-{os.getpid()}" for end in ("server", "client"))
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        if reason := _unavailable():
            pytest.skip(reason)
        try:
            for name in (self.server, self.client):
                _ip("netns", "add", name)
            _ip(
                "-n", self.server, "link", "add", "eth0", "type", "veth", "peer", "eth0", "netns", self.client
            )
            for name, address in ((self.server, SERVER), (self.client, CLIENT)):
                _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
                _ip("-n", name, "link", "set", "eth0", "up")
            self._remember_the_server()
        except subprocess.CalledProcessError as exc:
            self.__exit__(None, None, None)
            pytest.skip(f"network namespaces are not available here: {exc.stderr.strip()}")
        return self

    def _remember_the_server(self) -> None:
        """Give the client a permanent entry for the server's hardware address.

        Losing the carrier removes other entries. The kernel then keeps packets of closed connections
        while it asks for the address, and sends them if the answer comes within three seconds. These
        packets have left TCP, so no client can take them back.
        """
        link = json.loads(_ip("-n", self.server, "-json", "link", "show", "dev", "eth0"))[0]
        entry = (SERVER, "lladdr", link["address"], "dev", "eth0", "nud", "permanent")
        _ip("-n", self.client, "neigh", "replace", *entry)

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            process.kill()
            process.communicate()
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def start(self, host: str, module: str, *arguments: str) -> subprocess.Popen[str]:
        """Run a module of this package on one of the hosts."""
        command = ["ip", "netns", "exec", host, sys.executable, "-m", f"{__package__}.{module}", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=HERE, text=True, **pipes)
        self._started.append(process)
        return process

    def cut(self) -> None:
        """Disconnect the server's end."""
        _ip("-n", self.server, "link", "set", "eth0", "down")

    def heal(self) -> None:
        """Reconnect it."""
        _ip("-n", self.server, "link", "set", "eth0", "up")


def _unavailable() -> str | None:
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    return None if shutil.which("ip") else "network namespaces need `ip` (iproute2)"


def _ip(*arguments: str) -> str:
    """Run `ip` and return its output."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
