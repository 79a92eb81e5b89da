"""A process that uploads one message, and is killed or frozen at a point of it.

    python -m tests.records.victim URL USER KEY PARENT RECORDS MESSAGE POINT

Points: `write-before-N` and `write-after-N` (around the N-th durable write), `sent` (while the bytes are
sent), `sending` (after the last check of the lease, before the request for the File), `posted` (while the
request for the File is in flight), `none`.
A point that begins with `freeze-` stops the process instead of killing it.
"""

import asyncio
import os
import signal
import sys
import threading

from coredata_async import CoreData, Retry
from coredata_async.records import IdempotentUploads, UploadRecord, UploadRecords
from coredata_async.services.steps import UploadSteps
from coredata_async.transfer.steps import Stored
from coredata_async.wire.files import NewFile

from .stores import open_records

RETRY = Retry(base=0.05, cap=0.2, settle=2.0, probe_gap=0.3)
LEASE = 8.0


def end(point: str, here: str) -> None:
    """End or stop this process if this is the point."""
    if point.removeprefix("freeze-") == here:
        print(f"at {here}", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP if point.startswith("freeze-") else signal.SIGKILL)


class Watched:
    """Records whose writes are counted."""

    def __init__(self, records: UploadRecords, point: str) -> None:
        self._records = records
        self._point = point
        self._writes = 0
        self.get, self.delete, self.list_unfinished = records.get, records.delete, records.list_unfinished

    async def create(self, record: UploadRecord) -> int | None:
        return await self._count(record, None)

    async def update(self, record: UploadRecord, revision: int) -> int | None:
        return await self._count(record, revision)

    async def _count(self, record: UploadRecord, revision: int | None) -> int | None:
        self._writes += 1
        number = self._writes
        end(self._point, f"write-before-{number}")
        if revision is None:
            written = await self._records.create(record)
        else:
            written = await self._records.update(record, revision)
        end(self._point, f"write-after-{number}")
        return written


async def upload(*arguments: str) -> None:
    url, user, key, parent, address, message, point = arguments
    started = False

    def progress(now: object) -> None:
        nonlocal started
        if getattr(now, "stage", "") == "put" and getattr(now, "sent", 0) and not started:
            started = True
            end(point, "sent")

    register = UploadSteps.register

    async def watched(steps: UploadSteps, stored: Stored, new: NewFile, *, again: bool) -> object:
        end(point, "sending")
        if point.endswith("posted"):  # from here on, the timer of the kernel is set, on any slow machine
            threading.Timer(0.25, end, (point, "posted")).start()
        return await register(steps, stored, new, again=again)

    UploadSteps.register = watched
    async with (
        CoreData(url, api_user=user, api_key=key, retry=RETRY) as client,
        open_records(address) as store,
    ):
        uploads = IdempotentUploads(client, Watched(store, point), lease=LEASE)
        while True:
            outcome = await uploads.upload(
                content_of(message),
                parent=parent,
                filename=f"{message}.txt",
                key=message,
                progress=progress,
            )
            print(type(outcome).__name__, getattr(outcome, "file_id", outcome), flush=True)
            if type(outcome).__name__ != "Busy":
                return
            await asyncio.sleep(0.3)


def content_of(message: str) -> bytes:
    """More bytes than one block, so that the PUT sends several."""
    return f"content of {message}\n".encode() * (3 << 16)


if __name__ == "__main__":
    asyncio.run(upload(*sys.argv[1:]))
