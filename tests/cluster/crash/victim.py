"""Processes of a cluster that may be killed or frozen at a point: workers and coordinators.

Started as a module it forks them: it has imported everything, and has no thread or loop, so a process costs
milliseconds instead of an import.
"""

import asyncio
import gc
import logging
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from coredata_async.bulk.lease import die_with
from coredata_async.cluster import Cluster, ClusterJob
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.process import work
from coredata_async.secret import Secret

from . import watched
from .points import Point, Watch

PATIENCE = 120
"""Seconds after which an alarm ends a process that hangs."""


@frozen(kw_only=True)
class JobTask:
    """A job for a coordinator."""

    url: str
    token: str
    lease: float
    options: dict[str, Any]

    async def run(self) -> int:
        address = ClusterAddress(url=self.url, token=Secret(self.token))
        async with await Cluster.open(address, lease=self.lease) as cluster:
            return (await ClusterJob(cluster, **self.options).run()).exit_code


@frozen(kw_only=True)
class WorkerTask:
    """The setup of a worker process, as its parent writes it."""

    setup: dict[str, Any]

    async def run(self) -> int:
        return await work(Secret(self.setup))


@frozen(kw_only=True)
class Task:
    work: JobTask | WorkerTask
    trace: Path
    log: Path
    point: Point | None = None


def perform(task: Task) -> int:
    """Perform a task in this process, which must end afterwards; return its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    null, log = os.open(os.devnull, os.O_RDWR), os.open(task.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, target in enumerate((null, null, log)):
        os.dup2(target, number)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s")
    trace = os.open(task.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    watched.install(Watch(trace, task.point))
    return asyncio.run(task.work.run())


def serve() -> None:
    """Read tasks from standard input until it ends, and answer each with the id of its process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects them
    gc.freeze()
    parent = os.getpid()
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        child = os.fork()
        if not child:
            code = 1
            try:
                die_with(parent)
                code = perform(task)
            except BaseException:
                logging.exception("the process has failed")
            finally:
                os._exit(code)
        pickle.dump(child, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    # Under its real name, with which tasks are pickled.
    from tests.cluster.crash.victim import serve as serve_victims

    serve_victims()
