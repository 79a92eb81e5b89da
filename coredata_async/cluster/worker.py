"""A worker: processes that upload the shares of this machine, kept running."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from coredata_async.bulk.journal.location import state_directory
from coredata_async.bulk.options import MAX_PROCESSES, Effort
from coredata_async.bulk.workers.setup import ProcessLimits, encode_setup
from coredata_async.bulk.workers.supervisor import environment
from coredata_async.client import CoreData
from coredata_async.cluster.connection import LIMITS, WORKERS, Cluster, make_member
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.limits import free_share
from coredata_async.cluster.messages import Source, check_share
from coredata_async.cluster.metrics import WorkerMetrics
from coredata_async.cluster.presence import UNUSABLE, Presence
from coredata_async.cluster.shard_work import CHECKPOINT
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret

log = logging.getLogger("coredata_async.cluster")

GRACE: Final = 45.0
"""Seconds for files in flight after `drain`, before a process is killed."""
_STALE: Final = 86400.0
"""Seconds after which a journal that was not written belongs to no process. A lease is much shorter."""
_PAUSE: Final = 1.0
"""Seconds before an ended process is started again."""


def remove_stale(directory: Path) -> None:
    """Remove journals that processes have left which were killed: another one has finished their shards."""
    now = time.time()
    for path in (*directory.glob("*.shard.*.journal*"), *directory.glob("*.scan.*.scan*")):
        with suppress(OSError):  # another worker removes it, too
            if now - path.stat().st_mtime > _STALE:
                path.unlink()


def _directory() -> Path:
    return state_directory() / "coredata" / "worker"


class Worker:
    """Uploads shards of jobs from the shares of this machine: `await Worker(…).run()`.

    Each process carries out one shard at a time, and ends with this one. The kernel kills a process that was
    frozen for longer than its lease (on Linux), and another one is started in its place. Jobs need workers
    for all of their shares, on any number of machines.

    Args:
        client: The client whose options the processes use. Its key stays on this machine.
        cluster: The connection to the cluster.
        shares: Root directory of each share that this machine can read.
        processes: Number of processes.
        directory: Private directory for journals; by default one in the user's state directory.
        checkpoints: Seconds between two checkpoints of a shard.

    Raises:
        ConfigurationError: If an argument is invalid, or an option of the client works only in this process.
    """

    def __init__(
        self,
        client: CoreData,
        cluster: Cluster,
        *,
        shares: Mapping[str, str | os.PathLike[str]],
        processes: int = 1,
        directory: str | os.PathLike[str] | None = None,
        checkpoints: float = CHECKPOINT,
    ) -> None:
        if sys.platform == "win32":
            raise ConfigurationError("a worker needs Unix")
        if not 1 <= processes <= MAX_PROCESSES:
            raise ConfigurationError(f"processes must be 1 to {MAX_PROCESSES}, not {processes}")
        if not shares:
            raise ConfigurationError("a worker needs at least one share, such as {'fs01': '/srv/docs'}")
        roots = {check_share(name): Path(root).absolute() for name, root in shares.items()}
        for name, root in roots.items():
            if not root.is_dir():
                raise ConfigurationError(f"the root {root} of the share {name} is not a directory")
        self._shares = {name: ShareRoot.of(root) for name, root in roots.items()}
        self._cluster = cluster
        self._count = processes
        self._directory = _directory() if directory is None else Path(directory)
        self._checkpoints = checkpoints
        self._setup = self._encode(client)
        self._draining = asyncio.Event()
        self._processes: set[asyncio.subprocess.Process] = set()
        self._failure = ""
        self.metrics = WorkerMetrics()
        """Counts of all processes, for Prometheus: `metrics.render()`."""

    def drain(self) -> None:
        """Finish the files in flight, release the shards, and return from `run`."""
        self._draining.set()
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Kill the processes, and return from `run`. Other workers continue after the leases have ended."""
        self._draining.set()
        self._signal(signal.SIGKILL)

    async def run(self) -> None:
        """Work until `drain` or `stop` is called.

        Raises:
            ClusterError: If a process cannot work: its message is in the log.
        """
        await asyncio.to_thread(remove_stale, self._directory)
        for name, root in self._shares.items():
            if warning := await root.find_emptiness(Source(name, ".")):
                log.warning("%s", warning)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._count):
                    group.create_task(self._keep_running())
        finally:
            self._signal(signal.SIGKILL)
        if self._failure:
            raise ClusterError(self._failure)

    async def _keep_running(self) -> None:
        while not self._draining.is_set():
            code = await self._run_process()
            if code == UNUSABLE:
                self._failure = "a worker process cannot work; its log says why"
                self.drain()
            elif not self._draining.is_set():
                self.metrics.restarts += 1
                log.warning("a worker process has ended with code %s and is started again", code)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await self._draining.wait()

    async def _run_process(self) -> int:
        member = make_member()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "coredata_async.cluster.process", str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(os.environ),
            start_new_session=True,  # Ctrl-C reaches only this process
        )
        self._processes.add(process)
        assert process.stdin is not None  # noqa: S101  # it is a pipe
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        following = asyncio.ensure_future(self.metrics.follow(process.pid, process.stdout))
        try:
            process.stdin.write(json.dumps({**self._setup.reveal(), "member": member}).encode() + b"\n")
            with suppress(OSError):
                await process.stdin.drain()
            waiting = asyncio.ensure_future(process.wait())
            draining = asyncio.ensure_future(self._draining.wait())
            await asyncio.wait({waiting, draining}, return_when=asyncio.FIRST_COMPLETED)
            draining.cancel()
            if not waiting.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(waiting), GRACE)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            self._processes.discard(process)
        with suppress(ClusterError):  # its share in the limits becomes free later
            await Presence.note_end(await self._cluster.table(WORKERS), member, process.returncode or 0)
            await free_share(await self._cluster.table(LIMITS), member)
            await following
        return process.returncode or 0

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                process.send_signal(number)

    def _encode(self, client: CoreData) -> Secret[dict[str, object]]:
        """Return the setup of a process. It is written to the pipe of the process only."""
        engine, address = client.engine(), self._cluster.address
        share = ProcessLimits(engine.limits, engine.retry)
        _, plain, secrets = encode_setup(client, share, Effort()).reveal()
        values: dict[str, object] = {
            "url": address.url,
            "fingerprint": address.fingerprint,
            "authorities": None if address.authorities is None else str(address.authorities),
            "lease": self._cluster.lease,
            "replicas": self._cluster.replicas,
            "shares": {name: [str(root.path), str(root.mount)] for name, root in self._shares.items()},
            "directory": str(self._directory),
            "checkpoints": self._checkpoints,
        }
        token = None if address.token is None else address.token.reveal()
        return Secret({"cluster": values, "token": token, "client": [plain, secrets]})
