"""Process that uploads, and may kill itself meanwhile.

Started as a module it forks the victims: it has imported everything, and forks a process per task before any
thread or loop exists. So a kill costs milliseconds instead of an import.
"""

import asyncio
import gc
import os
import pickle
import signal
import sys
from pathlib import Path

from attrs import field, frozen

from coredata_async import CoreData, Retry
from coredata_async.bulk import Effort, Policy, Report, UploadJob

from . import watched
from .points import Point, Watch

PATIENCE = 40
"""Seconds after which an alarm ends a victim that hangs."""


@frozen(kw_only=True)
class Task:
    """Run of a job."""

    url: str
    api_user: str
    api_key: str
    parent: str
    root: Path
    journal: Path
    out: Path
    """Path of the report, or of the error."""
    trace: Path
    """Path of the trace of events."""
    point: Point | None = None
    retry: Retry
    policy: Policy = field(factory=Policy)
    concurrency: int = 3


async def uploaded(task: Task) -> Report:
    async with CoreData(task.url, api_user=task.api_user, api_key=task.api_key, retry=task.retry) as client:
        return await UploadJob(
            client,
            [task.root],
            parent=task.parent,
            journal=task.journal,
            policy=task.policy,
            effort=Effort(concurrency=task.concurrency),
        ).run()


def perform(task: Task) -> None:
    """Perform a task in this process, which must end afterwards."""
    signal.alarm(PATIENCE)
    trace = os.open(task.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    watched.install(Watch(trace, task.point))
    try:
        outcome: Report | str = asyncio.run(uploaded(task))
    except BaseException as exc:  # noqa: BLE001  # reported in the other process
        outcome = f"{type(exc).__name__}: {exc}"
    task.out.write_bytes(pickle.dumps(outcome))


def serve() -> None:
    """Read tasks from standard input until it ends, and answer each with the end of its process."""
    gc.freeze()
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        child = os.fork()
        if not child:
            perform(task)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        pickle.dump(os.waitstatus_to_exitcode(status), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    # Under its real name, with which tasks are pickled.
    from tests.bulk.crash.victim import serve as serve_victims

    serve_victims()
