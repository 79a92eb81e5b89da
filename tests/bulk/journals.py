"""Tools for tests of the journal: a job identity, statements, and a process that holds a journal."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity

BINDING = JobIdentity("https://acme.coredata.is", "anna", "p1", (b"/data/a", b"/data/b"))

HOLDER = """
import asyncio, sys
from pathlib import Path
from coredata_async.bulk.journal.journal import Journal
from tests.bulk.journals import BINDING, finding

async def main():
    journal = await Journal.open(Path(sys.argv[1]), BINDING)
    for n in range(int(sys.argv[2]), 10**9):
        journal.note(finding(f"noted {n}"))
        await journal.write(finding(f"written {n}"))
        print(n, flush=True)

asyncio.run(main())
"""
"""Opens a journal and writes forever, printing each time what is on disk."""


def finding(message: str):
    return "INSERT INTO finding (kind, message) VALUES ('t', ?)", (message,)


async def findings(journal: Journal) -> list[str]:
    return await journal.read(
        lambda db: [message for (message,) in db.execute("SELECT message FROM finding ORDER BY rowid")]
    )


@asynccontextmanager
async def opened(path: Path, binding: JobIdentity = BINDING) -> AsyncGenerator[Journal, None]:
    journal = await Journal.open(path, binding)
    try:
        yield journal
    finally:
        await journal.aclose()


@asynccontextmanager
async def another_process(path: Path, first: int = 0) -> AsyncGenerator[Process, None]:
    """Start another process that holds the journal, and wait until it has written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), str(first), stdout=PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
