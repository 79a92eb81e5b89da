"""The vendor's own three `curl` commands, as a script for one file, run by `xargs -P`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where

SCRIPT = Path(__file__).with_name("upload.sh")


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Yield an upload function without state: each file takes three connections and some ten processes."""
    environment = {**os.environ, "COREDATA_BASE_URL": where.api, "PARENT": PARENT}

    async def upload(paths: Sequence[Path], width: int) -> None:
        command = ["xargs", "-0", f"-P{width}", "-n1", "sh", str(SCRIPT)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, env=environment
        )
        await process.communicate(b"\0".join(os.fsencode(path) for path in paths))
        if process.returncode:
            raise RuntimeError(f"xargs ended with {process.returncode}")

    yield upload
