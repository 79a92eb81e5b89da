"""The worker of a cluster, for `coredata worker --cluster`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import click

from coredata_async.cli.cluster_options import cluster_address, open_cluster
from coredata_async.cli.connection import client
from coredata_async.cli.failures import report_error
from coredata_async.cli.interrupts import interrupts
from coredata_async.cli.output import say
from coredata_async.client import CoreData
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.handshake import introduce
from coredata_async.cluster.worker import Worker
from coredata_async.environment import from_environment
from coredata_async.events.address import NatsAddress
from coredata_async.prometheus import serve_metrics


def parse_shares(texts: Sequence[str]) -> dict[str, Path]:
    """Read `NAME=PATH` of each `--share`.

    Raises:
        UsageError: If one is malformed, or none is given.
    """
    shares: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not path or name in shares:
            raise click.UsageError(f"--share must look like fs01=/srv/docs, once per name, not {text!r}")
        shares[name] = Path(path)
    if not shares:
        raise click.UsageError("--cluster needs a share that this machine can read: --share fs01=/srv/docs")
    return shares


def run_cluster_worker(
    url: str,
    shares: Mapping[str, Path],
    *,
    processes: int,
    directory: str | None,
    lease: float,
    metrics: tuple[str, int] | None,
) -> None:
    """Run a worker until a signal ends it."""
    made = client()
    if logging.getLogger("coredata_async").level == logging.NOTSET:
        from_environment({"COREDATA_LOG": "info"})
    try:
        start = partial(Worker, shares=shares, processes=processes, directory=directory)
        asyncio.run(_work(made, url, lease, start, metrics))
    except ClusterError as exc:
        raise click.exceptions.Exit(report_error(exc)) from None


async def _work(
    made: CoreData,
    url: str,
    lease: float,
    start: Callable[[CoreData, Cluster], Worker],
    metrics: tuple[str, int] | None,
) -> None:
    async with made, await open_cluster(url, lease) as cluster:
        worker = start(made, cluster)
        async with show_metrics(metrics, worker.metrics.render):
            say(f"waiting for tasks of the cluster at {cluster.address.label}")
            with interrupts(worker):
                await worker.run()


@asynccontextmanager
async def show_metrics(address: tuple[str, int] | None, render: Callable[[], str]) -> AsyncGenerator[None]:
    """Serve metrics, if an address is given, and print where."""
    if address is None:
        yield
        return
    host, port = address
    async with serve_metrics(host, port, render) as bound:
        say(f"metrics at http://{host}:{bound}/metrics")
        yield


async def locate_queue(url: str) -> tuple[NatsAddress, bool]:
    """Return the NATS server of a cluster as that of an event-driven worker.

    Returns:
        The address, and True if the server syncs every write.

    Raises:
        ConfigurationError: If an option is invalid.
        ClusterError: If it cannot be reached, or has another certificate.
    """
    address = cluster_address(url)
    introduction = await introduce(address)
    found = NatsAddress(
        url=introduction.url,
        token=address.token,
        context=introduction.tls,
        tls_first=introduction.tls is not None,
    )
    return found, introduction.synced
