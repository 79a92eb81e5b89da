"""Server in a process of its own, and its counts of a run."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped, unused-ignore]
from attrs import frozen

ROOT = Path(__file__).parents[1]
PARENT = "00000000-0000-4000-8000-000000000001"
"""Parent of all uploads."""


def cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU that a process has used."""
    spent = process.cpu_times()
    return float(spent.user + spent.system)


@frozen
class Where:
    """Running server."""

    api: str
    storage: str
    pid: int
    tls: Path | None = None
    """Certificate, if it uses TLS."""

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """Trust settings for a client."""
        return ssl.create_default_context(cafile=self.tls) if self.tls else True

    def cpu(self) -> float:
        """Return the seconds of CPU that the server has used."""
        return cpu(psutil.Process(self.pid))

    def ask(self, path: str) -> Any:
        """Return the response to a GET, as JSON."""
        context = self.trust if isinstance(self.trust, ssl.SSLContext) else None
        with urlopen(f"{self.api}{path}", context=context) as reply:
            return json.loads(reply.read())

    def check(self, files: int) -> None:
        """Check that this number of files went through all three steps, each once and completely.

        Raises:
            RuntimeError: If not.
        """
        truth = self.ask("/truth")
        if truth != {"files": files, "put": files, "wrong": 0}:
            raise RuntimeError(f"of {files} files: {truth}")


@asynccontextmanager
async def serve(
    *, delay: float = 0.0, pause: float = 0.0, tls: Path | None = None, large: bool = False
) -> AsyncGenerator[Where, None]:
    """Start a server, and stop it afterwards; see `benchmarks.server` for the options."""
    options = ["--delay", str(delay), "--pause", str(pause), *(["--large"] if large else [])]
    options += ["--tls", str(tls)] if tls else []
    async with start_server("benchmarks.server", options) as (where, pid):
        yield Where(**where, pid=pid, tls=tls)


@asynccontextmanager
async def start_server(
    module: str, options: Sequence[str] = ()
) -> AsyncGenerator[tuple[dict[str, str], int], None]:
    """Start any server that prints its address in a line of JSON; yield that, and its process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        yield json.loads(line), process.pid
    finally:
        process.terminate()
        await process.wait()
