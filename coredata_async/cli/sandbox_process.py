"""Sandbox in a process of its own, so that it does not block the client's event loop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import field, fields, frozen

from coredata_async.environment import without_keys
from coredata_async.errors import CoreDataError

START = 30.0
"""Timeout for the start of a sandbox, in seconds."""
STOP = 10.0
"""Timeout for the end of a sandbox, in seconds."""


@frozen(kw_only=True)
class SandboxAddress:
    """Address of a sandbox, and its credentials."""

    url: str
    api_user: str
    api_key: str = field(repr=False)
    api_key_v3: str = field(repr=False)
    space: str
    project: str
    fivepm_url: str
    fivepm_login: str
    fivepm_password: str = field(repr=False)

    @classmethod
    def read(cls, text: str | bytes) -> SandboxAddress:
        """Parse the first line that a sandbox writes.

        Raises:
            ValueError: If it is something else, for example because the sandbox could not start.
        """
        try:
            said = json.loads(text)
            return cls(**{one.name: said[one.name] for one in fields(cls)})
        except (KeyError, TypeError) as exc:
            raise ValueError("this is not the first line of a sandbox") from exc

    def variables(self) -> dict[str, str]:
        """Return the environment variables that direct a program to the sandbox."""
        return {
            "COREDATA_BASE_URL": self.url,
            "COREDATA_API_USER": self.api_user,
            "COREDATA_API_KEY": self.api_key,
            "COREDATA_API_KEY_V3": self.api_key_v3,
            "COREDATA_PARENT": self.project,
            "FIVEPM_URL": self.fivepm_url,
            "FIVEPM_LOGIN": self.fivepm_login,
            "FIVEPM_PASSWORD": self.fivepm_password,
        }


@frozen(kw_only=True)
class Manner:
    """Options of a sandbox."""

    port: int = 0
    """Port on 127.0.0.1; 0 selects a free one."""
    data: Path | None = None
    """Directory for the bytes; `None` selects a temporary one."""
    spaces: Sequence[str] = ()
    """Titles of its Spaces; by default, one Space is created."""
    range_includes_ends: bool = False

    def command(self) -> list[str]:
        """Return the command that starts such a sandbox."""
        return [
            *(sys.executable, "-m", "coredata_async.sandbox", "--port", str(self.port)),
            *([] if self.data is None else ["--data", str(self.data.absolute())]),
            *(f"--space={title}" for title in self.spaces),
            *(["--range-includes-ends"] if self.range_includes_ends else []),
        ]


@asynccontextmanager
async def sandbox_process(
    manner: Manner | None = None,
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, SandboxAddress], None]:
    """Start a sandbox, and stop it afterwards.

    It also stops by itself when this process closes the pipe to its standard input, however this process
    ends.

    Raises:
        CoreDataError: If it does not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(manner or Manner()).command(),
        "--exit-with-stdin",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=without_keys(os.environ),
    )
    try:
        yield process, await _greeting(process)
    finally:
        await _end(process)


async def _greeting(process: asyncio.subprocess.Process) -> SandboxAddress:
    if process.stdout is None:
        raise CoreDataError("the sandbox has no output")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START)
        return SandboxAddress.read(line)
    except (TimeoutError, ValueError):
        raise CoreDataError(
            "the sandbox did not start; check that the port is free. Its messages are above"
        ) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP)
    except TimeoutError:
        process.kill()
        await process.wait()
