"""Starting a worker process, and seeing it to its grave."""

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

from coredata_async.bulk.workers.lease import LENGTH

GRACE: Final = 0.7
"""Seconds that a process may take to be gone, once before it is killed, and once after."""


@frozen
class Launched:
    """A process, and our end of its line."""

    process: asyncio.subprocess.Process
    end: socket.socket


async def spawn() -> Launched:
    """Start a worker: with nothing of ours but its end of the line, standard error, and a clean environment.

    It is no child of the terminal, so that Ctrl-C does not reach it.

    Raises:
        OSError: There is no more room for processes, or Python has gone.
    """
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # not to import what happens to lie in the directory that is uploaded
            "-m",
            "coredata_async.bulk.workers.process",
            str(os.getpid()),
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.DEVNULL,  # that of the job may be read by programs
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
    """Ours without any key, and with the places that modules are imported from here."""
    kept = {name: value for name, value in environ.items() if not name.startswith("COREDATA_")}
    kept["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    return kept


async def terminate(process: asyncio.subprocess.Process) -> str:
    """See it end, or kill it, and say how it ended. What it had in flight can come to nothing more then.

    Its line must be closed: it ends by itself when it notices.
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
