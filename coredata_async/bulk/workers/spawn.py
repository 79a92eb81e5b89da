"""Start and end of a worker process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from coredata_async.bulk.lease import LENGTH

GRACE: Final = 0.7
"""Timeout for the end of a process, in seconds: once before it is killed, and once after."""


@frozen
class Launched:
    """Process, with the parent's end of its channel."""

    process: asyncio.subprocess.Process
    end: socket.socket


async def spawn() -> Launched:
    """Start a worker, with only its end of the channel, standard error, and a clean environment.

    It is in a separate session, so that Ctrl-C does not reach it.

    Raises:
        OSError: If the process cannot be created.
    """
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # not to import modules from the directory that is uploaded
            "-m",
            "coredata_async.bulk.workers.process",
            str(os.getpid()),
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.DEVNULL,  # programs may read that of the job
            env=environment(os.environ),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(0)
    return Launched(process, ours)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without keys, and with its import paths."""
    kept = {name: value for name, value in environ.items() if not name.startswith("COREDATA_")}
    kept["PYTHONPATH"] = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    return kept


async def terminate(process: asyncio.subprocess.Process) -> str:
    """Wait for the end of a process, or kill it, and describe its end. Then it can send no request.

    Its channel must be closed: the process ends when it notices that.
    """
    if not await _ends(process):
        with suppress(ProcessLookupError):
            process.kill()
        await _ends(process)
    return _ending(process.returncode)


def _ending(code: int | None) -> str:
    if code is None:
        return "does not end"
    if code == -signal.SIGALRM:
        return f"lost its lease, because it or this process was stopped for more than {LENGTH:.0f} s"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


async def _ends(process: asyncio.subprocess.Process) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE)
    return process.returncode is not None
