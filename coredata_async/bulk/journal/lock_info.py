"""File beside a journal that names the process that holds it, for error messages.

The lock itself is SQLite's, which ends with its process. A file that a crash leaves behind has no effect.
"""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import frozen

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def beside(journal: Path) -> Path:
    """Return the path of the file."""
    return journal.with_name(f"{journal.name}.owner")


def write(journal: Path) -> None:
    """Record that this process holds the journal."""
    fields = {
        "host": platform.node(),
        "pid": os.getpid(),
        "boot": _boot(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with suppress(OSError):  # it serves error messages only
        beside(journal).unlink(missing_ok=True)
        handle = os.open(beside(journal), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fields, file)


def remove(journal: Path) -> None:
    """Remove the file that `write` created."""
    with suppress(OSError):
        beside(journal).unlink(missing_ok=True)


@frozen
class Holder:
    """Process that holds a journal, as far as it is known."""

    message: str
    pid: int | None = None
    host: str | None = None


def holder(journal: Path) -> Holder:
    """Read the process that holds a locked journal."""
    try:
        fields = json.loads(beside(journal).read_text("utf-8"))
        host, pid, since = str(fields["host"]), int(fields["pid"]), str(fields["since"])
        boot = str(fields["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return Holder("another program")
    if host == platform.node() and boot == _boot() and pid == os.getpid():
        return Holder(f"this process, since {since}", pid, host)
    return Holder(f"process {pid} on {host}, since {since}", pid, host)


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:  # Linux only
        return ""
