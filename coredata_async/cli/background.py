"""Sandboxes that run in the background: started once, found again by a state file, and stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

from coredata_async.bulk.journal.location import make_private, state_directory
from coredata_async.cli.sandbox_process import START, STOP, Manner, SandboxAddress
from coredata_async.client import CoreData
from coredata_async.config import Retry, Timeouts
from coredata_async.environment import without_keys
from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.storage.private import write_private

_ANSWER: Final = 5.0
"""Timeout for the answer of a running sandbox, in seconds."""
_LOOK: Final = 0.05
_DETACHED: Final = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)
"""Creation flag on Windows; on other systems, a new session detaches the process."""


@frozen(kw_only=True)
class Record:
    """Background sandbox as its state file describes it."""

    path: Path
    pid: int
    box: SandboxAddress

    @property
    def port(self) -> int:
        """Port on 127.0.0.1."""
        return int(self.box.url.rpartition(":")[2])

    def is_running(self) -> bool:
        """Return whether the sandbox answers to its key.

        No other process at its port knows the key, so a process id that has been reused is never signalled.
        """
        return asyncio.run(_answers(self.box))


def records(port: int = 0) -> list[Record]:
    """Return the running background sandboxes of this user.

    Deletes the state files of those that have ended.

    Args:
        port: Port of the only sandbox to return; 0 returns all.
    """
    found = list(_read_all(_directory()))
    running: list[Record] = []
    for each in found:
        if port not in {0, each.port}:
            continue
        if each.is_running():
            running.append(each)
        else:
            each.path.unlink(missing_ok=True)
    return running


def start(manner: Manner) -> Record:
    """Start a sandbox that outlives this process, and wait until it answers.

    Raises:
        CoreDataError: If it does not start, for example because the port is in use.
        ConfigurationError: If its state file cannot be written.
    """
    directory = _directory()
    try:
        make_private(directory)
    except OSError as exc:
        raise ConfigurationError(
            f"the state directory {directory} cannot be created ({exc.strerror}); set XDG_STATE_HOME"
        ) from None
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  # this interpreter, with checked options
            manner.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=without_keys(os.environ),
            start_new_session=True,
            creationflags=_DETACHED,
        )
        try:
            box = _read_introduction(process)
            record = Record(path=directory / f"{box.url.rpartition(':')[2]}.json", pid=process.pid, box=box)
            _write(record)
        except BaseException as exc:
            process.kill()
            process.wait()
            if not isinstance(exc, ValueError):
                raise
            errors.seek(0)
            words = " ".join(errors.read().decode("utf-8", "replace").split()) or "no reason given"
            raise CoreDataError(
                f"the sandbox did not start: {words[-300:]}; check that the port is free"
            ) from None
    process.returncode = 0  # it outlives this process, and Popen would warn about that
    return record


def stop(record: Record) -> None:
    """Stop a background sandbox, and delete its state file.

    Raises:
        CoreDataError: If this user is not allowed to stop it.
    """
    try:
        os.kill(record.pid, signal.SIGTERM)
        if not _has_ended(record):
            os.kill(record.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    except ProcessLookupError:
        pass
    except OSError as exc:
        raise CoreDataError(
            f"process {record.pid} of the sandbox cannot be stopped: {exc.strerror}"
        ) from None
    record.path.unlink(missing_ok=True)


def _has_ended(record: Record) -> bool:
    """Wait until the sandbox no longer answers.

    The process id does not prove it: the id of an ended process may remain until init collects it.
    """
    deadline = time.monotonic() + STOP
    while time.monotonic() < deadline:
        if not record.is_running():
            return True
        time.sleep(_LOOK)
    return False


async def _answers(box: SandboxAddress) -> bool:
    try:
        async with CoreData(
            box.url,
            api_user=box.api_user,
            api_key=box.api_key,
            retry=Retry.none(),
            timeouts=Timeouts(connect=_ANSWER, response=_ANSWER, total=_ANSWER),
        ) as client:
            await client.me()
    except CoreDataError:
        return False
    return True


def _read_introduction(process: subprocess.Popen[bytes]) -> SandboxAddress:
    """Read the first line of a sandbox, which it writes when it listens.

    Raises:
        ValueError: If the sandbox ended or did not write the line in time.
    """
    stdout = process.stdout
    if stdout is None:
        raise ValueError("no output")
    clock = threading.Timer(START, process.kill)
    clock.start()
    try:
        with stdout:
            return SandboxAddress.read(stdout.readline())
    finally:
        clock.cancel()


def _directory() -> Path:
    try:
        return state_directory() / "coredata" / "sandboxes"
    except ConfigurationError:
        raise ConfigurationError(
            "the sandbox cannot keep its state, because this user has no home directory; set XDG_STATE_HOME"
        ) from None


def _read_all(directory: Path) -> Iterator[Record]:
    found = list[Path]()
    with suppress(OSError):  # the home directory belongs to another user
        found = sorted(directory.glob("*.json"))
    for path in found:
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(path.read_text("utf-8"))
            yield Record(path=path, pid=int(said["pid"]), box=SandboxAddress.read(json.dumps(said["box"])))


def _write(record: Record) -> None:
    """Write the state file, readable only by this user because it contains the keys of the sandbox."""
    state = {"pid": record.pid, "box": asdict(record.box)}
    write_private(record.path, json.dumps(state).encode())  # replaces that of an ended sandbox of this port
