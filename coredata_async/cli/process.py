"""The sandbox in a process of its own, so that it takes no time from the client's event loop."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import field, fields, frozen

from coredata_async.errors import CoreDataError

START = 30.0
"""Seconds a sandbox may take to come up."""
STOP = 10.0
"""Seconds it may take to end."""


@frozen(kw_only=True)
class Box:
    """Where a sandbox is, and who may use it."""

    url: str
    api_user: str
    api_key: str = field(repr=False)
    space: str
    project: str
    fivepm_url: str
    fivepm_login: str
    fivepm_password: str = field(repr=False)


@asynccontextmanager
async def sandbox_process(
    *, port: int = 0, data: Path | None = None
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, Box], None]:
    """Start a sandbox, and end it afterwards.

    It also ends by itself when our end of its standard input closes, however this process dies.

    Raises:
        CoreDataError: It did not come up.
    """
    where = [] if data is None else ["--data", str(data)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "coredata_async.sandbox", "--exit-with-stdin", "--port", str(port), *where),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process, await _greeting(process)
    finally:
        await _ended(process)


async def _greeting(process: asyncio.subprocess.Process) -> Box:
    if process.stdout is None:
        raise CoreDataError("the sandbox has no output")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START)
        said = json.loads(line)
        return Box(**{one.name: said[one.name] for one in fields(Box)})
    except (TimeoutError, ValueError, KeyError):
        raise CoreDataError("the sandbox did not start; is the port free? Its words are above") from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP)
    except TimeoutError:
        process.kill()
        await process.wait()
