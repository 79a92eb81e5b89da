"""Records in a key-value bucket of NATS JetStream, for any number of machines."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from importlib import import_module
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from coredata_async.errors import ConfigurationError
from coredata_async.plain_data import PlainData
from coredata_async.records.kv_bucket import (
    WRONG_REVISION,
    Bucket,
    Configuration,
    JetStream,
    describe_error,
    read_entries,
)
from coredata_async.records.outcomes import RecordStoreError, UnreadableRecordError, VolatileStoreError
from coredata_async.records.record import Revision, UploadRecord, read_revision, try_read

T = TypeVar("T")

REPLICAS: Final = 3
"""Number of servers that must hold a record before a write counts as durable without being synced."""
TTL: Final = 30 * 86400.0
"""Seconds for which a bucket that is created here keeps a record after its last change."""
TIMEOUT: Final = 5.0
"""Timeout for the monitoring endpoint, in seconds."""


class KvRecords:
    """Records in a NATS KV bucket.

    A single NATS server confirms a write before it is on the disk, unless it runs with `jetstream {
    sync_interval: always }`. A power cut may then lose records, and their Files would be created twice. So a
    bucket must have three replicas, or its server must be known to sync every write.

    Args:
        bucket: A `nats.js.kv.KeyValue`. Its TTL, if it has one, must exceed the time in which a message may
            be redelivered; 30 days are usual.
        monitor: URL of the server's monitoring port, for example `http://127.0.0.1:8222`: it shows whether
            the server syncs every write.
        allow_volatile: Accept any bucket.
    """

    def __init__(self, bucket: Bucket, *, monitor: str | None = None, allow_volatile: bool = False) -> None:
        if monitor is not None and urlsplit(monitor).scheme not in {"http", "https"}:
            raise ConfigurationError(f"monitor must be an http:// or https:// URL, not {monitor!r}")
        errors = import_module("nats.js.errors")  # installed, because the bucket is an object of that package
        self._missing: type[Exception] = errors.KeyNotFoundError
        self._conflict: type[Exception] = errors.KeyWrongLastSequenceError
        self._too_large: type[Exception] = import_module("nats.errors").MaxPayloadError
        self._bucket = bucket
        self._monitor = monitor
        self._prepared = allow_volatile

    @classmethod
    async def open(
        cls,
        stream: JetStream,
        bucket: str = "coredata-records",
        *,
        ttl: float = TTL,
        replicas: int = 1,
        monitor: str | None = None,
        allow_volatile: bool = False,
    ) -> Self:
        """Open a bucket, create it if it does not exist, and check that it keeps confirmed writes.

        Args:
            stream: `connection.jetstream()` of nats-py.
            bucket: Name of the bucket.
            ttl: Seconds for which a new bucket keeps a record after its last change. Default: 30 days.
            replicas: Number of servers that keep a new bucket.
            monitor: See `KvRecords`.
            allow_volatile: See `KvRecords`.

        Raises:
            VolatileStoreError: If it may lose confirmed writes.
            RecordStoreError: If the server cannot be reached, or refuses.
        """
        failure = ""
        try:
            records = cls(
                await _open(stream, bucket, ttl, replicas), monitor=monitor, allow_volatile=allow_volatile
            )
        except ConfigurationError:
            raise
        except Exception as exc:  # noqa: BLE001  # nats-py's errors have several base classes
            failure = f"the bucket {bucket!r} cannot be opened: {describe_error(exc)}"
        else:
            await records.prepare()
            return records
        raise RecordStoreError(failure)

    async def prepare(self) -> None:
        """Check that the bucket keeps confirmed writes. Other methods call this first.

        Raises:
            VolatileStoreError: If it may lose them.
            RecordStoreError: If the server or its monitoring port cannot be reached.
        """
        if self._prepared:
            return
        status = await self._call(self._bucket.status())
        assert status is not None  # noqa: S101  # only a conflict or a missing key gives None
        config = status.stream_info.config
        if (config.num_replicas or 1) < REPLICAS and not (_is_file(config) and await self._syncs()):
            raise VolatileStoreError(
                f"the NATS bucket {status.bucket!r} has {config.num_replicas or 1} replicas, and its server "
                "is not known to sync every write: a power cut may lose upload records, and their Files "
                "would be created twice. Use a bucket on disk with 3 replicas; or run the server with "
                "`jetstream { sync_interval: always }` and pass monitor='http://HOST:8222'; or pass "
                "allow_volatile=True"
            )
        self._prepared = True

    async def get(self, key: str) -> Revision | None:
        """See `UploadRecords.get`."""
        await self.prepare()
        entry = await self._call(self._bucket.get(_encode_key(key)))
        return None if entry is None else read_revision(key, entry.revision or 0, entry.value or b"")

    async def create(self, record: UploadRecord) -> int | None:
        """See `UploadRecords.create`."""
        await self.prepare()
        return await self._call(self._bucket.create(_encode_key(record.key), _data(record)))

    async def update(self, record: UploadRecord, revision: int) -> int | None:
        """See `UploadRecords.update`."""
        await self.prepare()
        return await self._call(self._bucket.update(_encode_key(record.key), _data(record), last=revision))

    async def delete(self, key: str, revision: int) -> bool:
        """See `UploadRecords.delete`."""
        await self.prepare()
        return bool(await self._call(self._bucket.delete(_encode_key(key), last=revision)))

    async def list_unfinished(self) -> AsyncGenerator[Revision | UnreadableRecordError]:
        """See `UploadRecords.list_unfinished`. Reads all records, because a bucket has no index."""
        await self.prepare()
        async with aclosing(read_entries(self._bucket)) as entries:
            while (entry := await self._call(anext(entries, None))) is not None:
                current = try_read(_decode_key(entry.key), entry.revision or 0, entry.value or b"")
                if isinstance(current, UnreadableRecordError) or not current.record.is_done:
                    yield current

    async def _call(self, call: Awaitable[T]) -> T | None:
        """Await a call; return None if the key is missing or at another revision."""
        try:
            return await call
        except (self._missing, self._conflict):
            return None
        except Exception as exc:  # noqa: BLE001  # nats-py's errors have several base classes, including OSError
            if getattr(exc, "err_code", None) in WRONG_REVISION:
                return None
            failure = f"the upload records in NATS cannot be used: {describe_error(exc)}"
            too_large = isinstance(exc, self._too_large)
        if too_large:
            raise ConfigurationError(
                "the record of the upload is larger than max_payload of the NATS server: shorten its names, "
                "tags and contacts"
            )
        raise RecordStoreError(failure)

    async def _syncs(self) -> bool:
        """Return whether the server syncs every write, according to its monitoring port."""
        if self._monitor is None:
            return False
        url = f"{self._monitor.rstrip('/')}/jsz"
        try:
            data = await asyncio.to_thread(_fetch, url)
        except (OSError, ValueError) as exc:
            failure = f"{url} cannot be read: {exc}; check monitor="
        else:
            return (
                PlainData.of(data, url).object("config", f"`config` of {url}").fields.get("sync_always")
                is True
            )
        raise RecordStoreError(failure)


async def _open(stream: JetStream, bucket: str, ttl: float, replicas: int) -> Bucket:
    try:
        return await stream.key_value(bucket)
    except import_module("nats.js.errors").NotFoundError:
        # Another process that creates the same bucket at the same time does not conflict.
        return await stream.create_key_value(
            bucket=bucket,
            description="Upload records of coredata-async",
            history=1,
            ttl=ttl,
            replicas=replicas,
        )


def _is_file(config: Configuration) -> bool:
    return str(getattr(config.storage, "value", config.storage)) == "file"


def _fetch(url: str) -> object:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as reply:  # noqa: S310  # the scheme was checked
        return json.loads(reply.read(1 << 20))


def _encode_key(key: str) -> str:
    """Encode a key in the characters that NATS allows."""
    return urlsafe_b64encode(key.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _decode_key(text: str) -> str:
    """Decode a key; return one that this module did not write as it is."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "surrogatepass")
    except ValueError:
        return text


def _data(record: UploadRecord) -> bytes:
    return json.dumps(record.to_dict(), separators=(",", ":")).encode()
