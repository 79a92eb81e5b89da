"""A server that runs in the background: started once, found again by its directory, and stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from coredata_async.bulk.journal.location import state_directory
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.handshake import introduce
from coredata_async.cluster.server import ServerFiles, find_server, wait_until_ready
from coredata_async.environment import without_keys
from coredata_async.errors import ConfigurationError
from coredata_async.plain_data import PlainData
from coredata_async.storage.private import write_private

_STATE: Final = "server.json"
_END: Final = 10.0
"""Timeout for the end of the server, in seconds."""


@frozen
class BackgroundServer:
    """A server that was started in the background."""

    files: ServerFiles
    pid: int

    async def is_running(self) -> bool:
        """Return whether it answers with its certificate and the process exists."""
        if not _exists(self.pid):
            return False
        try:
            return (await introduce(self.files.address)).synced
        except (ClusterError, OSError):
            return False


def default_directory() -> Path:
    """Return the directory of this user's server."""
    return state_directory() / "coredata" / "cluster"


def read_state(directory: Path) -> BackgroundServer | None:
    """Return the server that was last started in a directory; None if there was none."""
    try:
        data = PlainData.of(
            json.loads((directory / _STATE).read_bytes()), "the state of the cluster's server"
        )
    except (OSError, ValueError):
        return None
    files = ServerFiles(
        directory=directory,
        host=data.text("host"),
        port=data.integer("port"),
        fingerprint=data.optional_text("fingerprint"),
    )
    return BackgroundServer(files, data.integer("pid"))


async def start_in_background(files: ServerFiles) -> BackgroundServer:
    """Start a server that outlives this process, and wait until it answers.

    Raises:
        ConfigurationError: If nats-server is not installed.
        ClusterError: If the server does not start.
    """
    process = await asyncio.to_thread(_spawn, files)
    try:
        await wait_until_ready(files, lambda: process.poll() is None)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = 0  # it outlives this process, and Popen would warn about that
    state = {
        "pid": process.pid,
        "host": files.host,
        "port": files.port,
        "fingerprint": files.fingerprint,
    }
    write_private(files.directory / _STATE, json.dumps(state).encode())
    return BackgroundServer(files, process.pid)


async def stop(server: BackgroundServer) -> None:
    """Stop a server in the background. Jobs continue when it is started again.

    Raises:
        ClusterError: If it does not end, or this user is not allowed to stop it.
    """
    try:
        os.kill(server.pid, signal.SIGTERM)
        end = time.monotonic() + _END
        while _exists(server.pid) and time.monotonic() < end:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
        if _exists(server.pid):
            os.kill(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except OSError as exc:
        raise ClusterError(f"process {server.pid} of nats-server cannot be stopped: {exc.strerror}") from None
    (server.files.directory / _STATE).unlink(missing_ok=True)


def _spawn(files: ServerFiles) -> subprocess.Popen[bytes]:
    program = find_server()
    try:
        with files.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # the program that was found, without a shell
                [str(program), "-c", str(files.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=without_keys(os.environ),
                start_new_session=True,
            )
    except OSError as exc:
        raise ConfigurationError(f"{program} cannot be run: {exc.strerror or exc}") from None


def _exists(pid: int) -> bool:
    """Return whether a process exists and runs; one that init has not collected yet does not."""
    with suppress(OSError):
        if (Path("/proc") / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[
            0
        ] == "Z":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
