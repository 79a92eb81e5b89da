"""Connection to a cluster's NATS server: its tables, object stores, queue and messages."""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Final, Self, TypeVar

from coredata_async.cluster.address import ClusterAddress, read_address
from coredata_async.cluster.buckets import open_store, open_table
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.failover import Failover
from coredata_async.cluster.handshake import TIMEOUT, introduce
from coredata_async.cluster.nats_errors import describe_failure
from coredata_async.cluster.nats_types import Connection, JetStream, Message, PullSubscription, Subscription
from coredata_async.cluster.objects import Objects
from coredata_async.cluster.table import Table, encode
from coredata_async.errors import ConfigurationError
from coredata_async.records.kv import KvRecords

log = logging.getLogger("coredata_async.cluster")

T = TypeVar("T")

LEASE: Final = 30.0
"""Default duration of a lease, in seconds."""
JOBS, WORKERS, LIMITS = "cd-jobs", "cd-workers", "cd-limits"
QUEUE, DEAD_LETTERS = "cd-work", "cd-dead"
_AUDIT: Final = 30 * 86400.0
"""Seconds for which the journals of shards, and dead letters, are kept."""
_RECONNECT: Final = 0.5
"""Seconds between two attempts to reconnect."""
_PINGS: Final = 8
"""Pings during a lease. After three without an answer, it connects again, so that most of the lease is left
for another server: TCP itself would go on trying for minutes, at intervals that grow with the time for
which the line was cut."""


class Cluster:
    """A connection to the NATS server of a cluster: `async with await Cluster.connect("tls://head:4222")`.

    NATS keeps jobs, leases, shards and reports. It never receives a key of CoreData: each has its own.
    The connection survives restarts of the server, and the loss of one of several. Use `connect`, which
    checks the server, to make one.
    """

    def __init__(
        self, connection: Connection, address: ClusterAddress, *, lease: float, replicas: int
    ) -> None:
        self.address = address
        self.lease = lease
        """Duration of a lease, in seconds."""
        self.member = make_member()
        """Name of this connection, as the owner of leases."""
        self._connection = connection
        self.replicas = replicas
        self._stream: JetStream = connection.jetstream(timeout=max(2.0, min(5.0, lease / 6)))
        self._tables: dict[str, Table] = {}
        self._objects: dict[str, Objects] = {}

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        fingerprint: str | None = None,
        authorities: str | os.PathLike[str] | None = None,
        token_file: str | os.PathLike[str] | None = None,
        monitor: str | None = None,
        allow_volatile: bool = False,
        replicas: int = 1,
        lease: float = LEASE,
    ) -> Cluster:
        """Connect to a NATS server with JetStream.

        Args:
            url: `tls://HOST:PORT`, or `nats://127.0.0.1:PORT` on the same machine. Several servers of one
                NATS cluster are separated by commas; if one is lost, another one is used.
            fingerprint: SHA-256 of the only certificate to accept, or of several, separated by commas.
                Default: COREDATA_CLUSTER_FINGERPRINT.
            authorities: File of certificates to trust. Default: COREDATA_CLUSTER_CA, or those of the system.
            token_file: File with the token. Default: COREDATA_CLUSTER_TOKEN_FILE, or the token itself in
                COREDATA_CLUSTER_TOKEN.
            monitor: Monitoring port of a single server that `coredata cluster start` has not started; it
                shows that the server syncs every write.
            allow_volatile: Accept a server that may lose confirmed writes. Files may then be created twice.
            replicas: Number of servers that keep each table.
            lease: Seconds after which a worker that does not renew its lease counts as dead.

        Raises:
            ConfigurationError: If an argument is invalid, nats-py is not installed, or the server may lose
                confirmed writes (`VolatileStoreError`).
            ClusterError: If the server cannot be reached, or refuses.
        """
        address = read_address(url, fingerprint=fingerprint, authorities=authorities, token_file=token_file)
        return await cls.open(
            address, monitor=monitor, allow_volatile=allow_volatile, replicas=replicas, lease=lease
        )

    @classmethod
    async def open(
        cls,
        address: ClusterAddress,
        *,
        monitor: str | None = None,
        allow_volatile: bool = False,
        replicas: int = 1,
        lease: float = LEASE,
    ) -> Cluster:
        """Connect to an address. See `connect`."""
        if lease < 1:
            raise ConfigurationError(f"lease must be 1 second or more, not {lease!r}")
        introduction = await introduce(address)
        client: Connection = _module("nats.aio.client").Client()
        options: dict[str, object] = {
            "name": "coredata",
            "connect_timeout": TIMEOUT,
            "allow_reconnect": False,  # a refusal of the first connection is final, see `_dial`
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": _RECONNECT,
            "ping_interval": max(1.0, lease / _PINGS),
            "error_cb": _note_error,
            "reconnect_to_server_handler": Failover(address, introduction.url, _RECONNECT).choose,
        }
        if introduction.tls is not None:
            options |= {"tls": introduction.tls, "tls_handshake_first": True}
        await _dial(client, address, introduction.url, options)
        cluster = cls(client, address, lease=lease, replicas=replicas)
        try:
            await cluster._prepare(monitor, allow_volatile=allow_volatile or introduction.synced)
        except BaseException:
            await client.close()
            raise
        return cluster

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        with suppress(OSError):  # it is lost already
            await self._connection.close()

    @property
    def connected(self) -> bool:
        """True while the connection is up."""
        return self._connection.is_connected

    async def table(self, name: str, *, ttl: float | None = None) -> Table:
        """Open a table; create it if it does not exist.

        Raises:
            ClusterError: If the server refuses.
        """
        if name not in self._tables:
            opening = open_table(self._stream, name, ttl=ttl, replicas=self.replicas)
            bucket = await _call(opening, f"create the table {name}")
            self._tables[name] = Table(bucket, name, self._connection)
        return self._tables[name]

    async def objects(self, name: str) -> Objects:
        """Open an object store; create it if it does not exist.

        Raises:
            ClusterError: If the server refuses.
        """
        if name not in self._objects:
            opening = open_store(self._stream, name, ttl=_AUDIT, replicas=self.replicas)
            self._objects[name] = Objects(await _call(opening, f"create the object store {name}"), name)
        return self._objects[name]

    async def enqueue(self, subject: str, fields: dict[str, object], key: str) -> None:
        """Add a message to a stream. Within two minutes, the same key is only added once.

        Raises:
            ClusterError: If the server does not confirm it. It is then unknown whether it was added.
        """
        headers = {"Nats-Msg-Id": key}
        await _call(self._stream.publish(subject, encode(fields), headers=headers), f"queue {key}")

    async def pull(self, subject: str, consumer: str, ack_wait: float) -> PullSubscription:
        """Join the durable consumer of a subject of the queue; create it if it does not exist.

        Raises:
            ClusterError: If the server refuses.
        """
        api = _module("nats.js.api")
        config = api.ConsumerConfig(
            durable_name=consumer,
            filter_subject=subject,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_ack_pending=10_000,
            max_deliver=-1,  # the server would forget a message; a worker writes the dead letter
        )
        call = self._stream.pull_subscribe(subject, consumer, config=config)
        return await _call(call, f"subscribe to {subject}")

    async def broadcast(self, subject: str, data: bytes) -> None:
        """Publish a message to those who listen now; without a connection, it may be lost."""
        with suppress(Exception):  # nats-py raises errors of several roots
            await self._connection.publish(subject, data)

    async def listen(self, subject: str, receive: Callable[[bytes], Awaitable[None]]) -> Subscription:
        """Call a function with each broadcast message of a subject.

        Raises:
            ClusterError: If the server cannot be reached.
        """

        async def take(message: Message) -> None:
            await receive(message.data)

        subscription = await _call(self._connection.subscribe(subject, cb=take), f"listen to {subject}")
        await _call(self._connection.flush(), f"listen to {subject}")
        return subscription

    async def _prepare(self, monitor: str | None, *, allow_volatile: bool) -> None:
        api = _module("nats.js.api")
        for name in (JOBS, WORKERS, LIMITS):
            await self.table(name)
        bucket = await _call(self._stream.key_value(JOBS), f"open the table {JOBS}")
        await KvRecords(bucket, monitor=monitor, allow_volatile=allow_volatile).prepare()
        stream = self._stream.add_stream(
            name=QUEUE,
            subjects=["cd.work.>"],
            retention=api.RetentionPolicy.WORK_QUEUE,
            storage=api.StorageType.FILE,
            num_replicas=self.replicas,
        )
        await _call(stream, f"create the stream {QUEUE}")
        stream = self._stream.add_stream(
            name=DEAD_LETTERS,
            subjects=["cd.dead.>"],
            max_age=_AUDIT,
            storage=api.StorageType.FILE,
            num_replicas=self.replicas,
        )
        await _call(stream, f"create the stream {DEAD_LETTERS}")


def make_member() -> str:
    """Return a new name for a process."""
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "host"
    return f"{host}.{os.getpid()}.{secrets.token_hex(4)}"


async def _dial(client: Connection, address: ClusterAddress, url: str, options: dict[str, object]) -> None:
    token = address.token
    urls = [url, *(server.url for server in address.servers if server.url != url)]
    secret = token.reveal() if token is not None else None
    call = client.connect(urls, token=secret, dont_randomize=True, **options)
    try:
        await _call(call, f"connect to {address.label}")
    except ClusterError as exc:
        await client.close()
        if "authorization" in str(exc).lower():
            raise ClusterError(_refusal(address)) from None
        raise
    client.options["allow_reconnect"] = True


def _refusal(address: ClusterAddress) -> str:
    given = "refuses the token" if address.token is not None else "needs a token"
    return (
        f"the cluster at {address.label} {given}: `coredata cluster status` on that machine shows the file "
        "with its token; copy it, and name it with token_file= or COREDATA_CLUSTER_TOKEN_FILE"
    )


async def _call(call: Awaitable[T], action: str) -> T:
    try:
        return await call
    except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
        failure = f"the cluster does not {action}: {describe_failure(exc)}"
    raise ClusterError(failure)


async def _note_error(error: Exception) -> None:
    log.info("connection to the cluster: %s", type(error).__name__)


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError("a cluster needs nats-py: pip install 'coredata-async[cluster]'") from None
