"""`coredata worker`: uploads what the messages of a NATS subject name."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import click
from attrs import evolve, frozen
from click.core import ParameterSource

from coredata_async.cli import connection
from coredata_async.cli.cluster_options import cluster_url_option, connection_options
from coredata_async.cli.cluster_worker import locate_queue, parse_shares, run_cluster_worker, show_metrics
from coredata_async.cli.connection import client
from coredata_async.cli.failures import INTERRUPTED, UNUSABLE
from coredata_async.cli.interrupts import interrupts
from coredata_async.cli.options import value
from coredata_async.cli.output import say
from coredata_async.cli.worker_options import OPTIONS
from coredata_async.client import CoreData
from coredata_async.cluster.nats_errors import hide_end_of_tls
from coredata_async.config import setting
from coredata_async.environment import from_environment
from coredata_async.errors import ConfigurationError
from coredata_async.events.address import NatsAddress
from coredata_async.events.errors import BrokerError
from coredata_async.events.options import StoreOptions, WorkerOptions
from coredata_async.events.remote import RemoteFiles
from coredata_async.events.sources import SourceRules
from coredata_async.events.worker import EventWorker
from coredata_async.prometheus import parse_address
from coredata_async.records import RecordStoreError


@frozen(kw_only=True)
class _Command:
    """Options of the command."""

    address: NatsAddress
    options: WorkerOptions
    rules: SourceRules
    store: StoreOptions
    authorities: ssl.SSLContext | bool
    lease: float
    recovers: bool
    metrics: tuple[str, int] | None


@click.command()
@click.option(
    "--source-ca",
    type=click.Path(exists=True, dir_okay=False),
    help="Certificates to trust for https URLs in messages, besides those of the system.",
)
@click.option(
    "--lease",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=5),
    metavar="SECONDS",
    help="Time after which a worker that does not renew its record counts as dead.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Longest time for which a request may still have an effect after it was given up. A value that is "
    "too small causes duplicates. Default: 120.",
)
@click.option(
    "--recover/--no-recover",
    default=True,
    help="Finish what dead workers left half done, after the start. Default: --recover.",
)
@click.option("--metrics", metavar="HOST:PORT", help="Serve numbers for Prometheus at /metrics.")
@cluster_url_option("Upload shards of the jobs of this cluster, instead of messages: see --share.")
@click.option(
    "--share",
    "shares",
    metavar="NAME=PATH",
    multiple=True,
    help="With --cluster: a tree that this machine can read, under the name that jobs use. [repeatable]",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="With --cluster: number of processes, each of which uploads one shard at a time.",
)
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="With --cluster: private directory for journals. Default: one of this user.",
)
@click.pass_context
def worker(
    ctx: click.Context,
    *,
    cluster: str | None,
    shares: tuple[str, ...],
    processes: int,
    directory: str | None,
    source_ca: str | None,
    lease: float,
    settle: float | None,
    recover: bool,
    metrics: str | None,
) -> None:
    """Upload the source that each message of a NATS subject names, once per key; or shards of a cluster.

    With --cluster and --share, it uploads the trees of its shares for jobs of "coredata upload --cluster".
    Needs the extra "cluster". Its processes end with it, release their shards on SIGTERM, and are started
    again if they die. Otherwise --events is required, with --nats, or with --cluster for its NATS server:

    A message is a JSON object with source (a path below --root, or an https URL of --allow-host), parent,
    filename and key, and optionally title, dynatype, contacts, tags, content_type, size and digest (MD5).
    Any number of workers may share a subject, and a message may be published twice: a key becomes one File.
    Needs the extra "events".

    SIGTERM and Ctrl-C end it when the files in progress have ended, with exit code 0; a second one ends it
    at once.
    """
    address = None if metrics is None else parse_address(metrics)
    if cluster is not None and "subject" not in ctx.meta.get(WorkerOptions.__name__, {}):
        run_cluster_worker(
            cluster,
            parse_shares(shares),
            processes=processes,
            directory=directory,
            lease=lease,
            metrics=address,
        )
        return
    hide_end_of_tls()
    queue, store = _queue(ctx, cluster)
    command = _Command(
        address=queue,
        options=value(WorkerOptions, ctx),
        rules=value(SourceRules, ctx),
        store=store,
        authorities=True if source_ca is None else _authorities(source_ca),
        lease=lease,
        recovers=recover,
        metrics=address,
    )
    made = client()
    if logging.getLogger("coredata_async").level == logging.NOTSET:
        from_environment({"COREDATA_LOG": "info"})
    try:
        ended = asyncio.run(_work(made, command, settle))
    except (BrokerError, RecordStoreError) as exc:
        say(f"coredata: {exc}")
        raise click.exceptions.Exit(UNUSABLE) from None
    raise click.exceptions.Exit(0 if ended else INTERRUPTED)


worker.params = [*OPTIONS, *worker.params, *connection_options(), *connection.options(hidden=True)]


def _queue(ctx: click.Context, cluster: str | None) -> tuple[NatsAddress, StoreOptions]:
    """Return the NATS server of the messages, and the record store."""
    if cluster is not None:
        queue, synced = asyncio.run(locate_queue(cluster))
        store = value(StoreOptions, ctx)
        return queue, evolve(store, allow_volatile=store.allow_volatile or synced)
    for kind, name, flag in ((WorkerOptions, "subject", "--events"), (NatsAddress, "url", "--nats")):
        if name not in ctx.meta.get(kind.__name__, {}):
            raise click.UsageError(f"Missing option '{flag}' (or '--cluster').")
    _refuse_passwords(ctx)
    return value(NatsAddress, ctx, token=setting(os.environ, "NATS_TOKEN")), value(StoreOptions, ctx)


async def _work(made: CoreData, command: _Command, settle: float | None) -> bool:
    if settle is not None:
        retry = made.files.steps.retry
        made = made.with_options(retry=evolve(retry, settle=settle, probe_gap=min(retry.probe_gap, settle)))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(made)
        remote = await stack.enter_async_context(RemoteFiles(command.rules, ssl=command.authorities))
        working = EventWorker(
            client=made,
            address=command.address,
            options=command.options,
            rules=command.rules,
            remote=remote,
            store=command.store,
            lease=command.lease,
            recovers=command.recovers,
        )
        await stack.enter_async_context(show_metrics(command.metrics, working.metrics.render))
        with interrupts(working):
            return await working.run()


def _authorities(path: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError):
        raise ConfigurationError(f"--source-ca: {path} is not a file of certificates") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse_passwords(ctx: click.Context) -> None:
    """Refuse a password among the arguments, which every user of this machine can read."""
    if ctx.get_parameter_source("url") is ParameterSource.COMMANDLINE:
        parts = urlsplit(str(ctx.meta.get(NatsAddress.__name__, {}).get("url")))
        if "@" in parts.netloc:  # a user name alone is a token
            raise click.UsageError("--nats has a password or token in it: set NATS_URL instead")
    if ctx.get_parameter_source("address") is ParameterSource.COMMANDLINE:
        parts = urlsplit(str(ctx.meta.get(StoreOptions.__name__, {}).get("address")))
        if parts.password is not None or "password=" in parts.query:
            raise click.UsageError(
                "--records has a password in it: set COREDATA_RECORDS or PGPASSWORD instead"
            )
