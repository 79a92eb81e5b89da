"""A process that uploads, and may kill itself on the way.

Started as a module it is where victims come from: it has imported everything, and forks a process per
task before any thread or loop exists. So a kill costs milliseconds, and not an import each.
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
"""Seconds after which a victim that hangs is ended by an alarm."""


@frozen(kw_only=True)
class Task:
    """One run of a job."""

    url: str
    api_user: str
    api_key: str
    parent: str
    root: Path
    journal: Path
    out: Path
    """Where the report, or the error, is written to."""
    trace: Path
    """Where events are written to."""
    point: Point | None = None
    retry: Retry
    policy: Policy = field(factory=Policy)
    lanes: int = 3


async def uploaded(task: Task) -> Report:
    async with CoreData(task.url, api_user=task.api_user, api_key=task.api_key, retry=task.retry) as client:
        return await UploadJob(
            client,
            [task.root],
            parent=task.parent,
            journal=task.journal,
            policy=task.policy,
            effort=Effort(concurrency=task.lanes),
        ).run()


def perform(task: Task) -> None:
    """Do a task in this process, which must end afterwards."""
    signal.alarm(PATIENCE)
    trace = os.open(task.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    watched.install(Watch(trace, task.point))
    try:
        outcome: Report | str = asyncio.run(uploaded(task))
    except BaseException as exc:  # noqa: BLE001  # told in the other process
        outcome = f"{type(exc).__name__}: {exc}"
    task.out.write_bytes(pickle.dumps(outcome))


def serve() -> None:
    """Take tasks from standard input until it ends, and answer each with how its process ended."""
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
    # Under its real name, by which tasks are pickled.
    from tests.bulk.crash.victim import serve as serve_victims

    serve_victims()
