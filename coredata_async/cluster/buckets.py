"""Buckets of a cluster, whose size the administrator of the NATS server may have limited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from coredata_async.cluster.nats_errors import OTHER_CONFIGURATION
from coredata_async.cluster.nats_types import JetStream, ObjectStore
from coredata_async.records.kv_bucket import Bucket

T = TypeVar("T")


async def open_table(jetstream: JetStream, name: str, *, ttl: float | None, replicas: int) -> Bucket:
    """Open the bucket of a table, and create it if it does not exist.

    Raises:
        Exception: An error of nats-py.
    """
    create = partial(
        jetstream.create_key_value,
        bucket=name,
        history=1,
        ttl=ttl,
        replicas=replicas,
        description="coredata-async",
    )
    return await _create(jetstream, f"KV_{name}", create)


async def open_store(jetstream: JetStream, name: str, *, ttl: float, replicas: int) -> ObjectStore:
    """Open an object store, and create it if it does not exist.

    Raises:
        Exception: An error of nats-py.
    """
    create = partial(jetstream.create_object_store, name, ttl=ttl, replicas=replicas)
    return await _create(jetstream, f"OBJ_{name}", create)


async def _create(jetstream: JetStream, stream: str, create: Callable[..., Awaitable[T]]) -> T:
    """Create a bucket, or open it if it exists, also with another `max_bytes`."""
    try:
        return await create()
    except Exception as exc:  # nats-py raises errors of several roots
        if getattr(exc, "err_code", None) != OTHER_CONFIGURATION:
            raise
    limit = (await jetstream.stream_info(stream)).config.max_bytes
    return await create(max_bytes=limit)
