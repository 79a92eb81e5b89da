"""Program of one worker process. Its setup comes from standard input, because it contains keys.

Argument: the process id of the parent, with which this process ends. On SIGTERM it releases its shard.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from coredata_async.bulk.lease import die_with
from coredata_async.bulk.workers.setup import decode_setup
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.lease import main_failure
from coredata_async.cluster.nats_errors import hide_end_of_tls
from coredata_async.cluster.presence import UNREACHABLE, UNUSABLE
from coredata_async.cluster.runner import TaskRunner
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.errors import CoreDataError
from coredata_async.secret import Secret


async def work(setup: Secret[dict[str, Any]]) -> int:
    """Run a worker until SIGTERM; return its exit code."""
    try:
        await _work(setup)
    except BaseExceptionGroup as failures:
        failure = main_failure(failures)
    except CoreDataError as exc:
        failure = exc
    else:
        return 0
    if not isinstance(failure, CoreDataError):
        raise failure
    sys.stderr.write(f"coredata worker: {failure}\n")
    return UNREACHABLE if isinstance(failure, ClusterError) else UNUSABLE


async def _work(setup: Secret[dict[str, Any]]) -> None:
    values = setup.reveal()["cluster"]
    token = setup.reveal()["token"]
    address = ClusterAddress(
        url=values["url"],
        token=None if token is None else Secret(token),
        fingerprint=values["fingerprint"],
        authorities=None if values["authorities"] is None else Path(values["authorities"]),
    )
    plain, secrets = setup.reveal()["client"]
    decoded = decode_setup(plain, Secret(secrets))
    cluster = await Cluster.open(
        address, allow_volatile=True, replicas=values["replicas"], lease=values["lease"]
    )  # the parent has checked the server
    cluster.member = setup.reveal()["member"]
    async with cluster, decoded.client as client:
        runner = TaskRunner(
            client=client,
            cluster=cluster,
            shares={name: ShareRoot(*map(Path, paths)) for name, paths in values["shares"].items()},
            directory=Path(values["directory"]),
            checkpoints=values["checkpoints"],
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runner.drain)
        async with asyncio.TaskGroup() as group:
            reporting = group.create_task(runner.metrics.report())
            await runner.run()
            reporting.cancel()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    hide_end_of_tls()
    raise SystemExit(asyncio.run(work(Secret(json.loads(sys.stdin.buffer.readline())))))
