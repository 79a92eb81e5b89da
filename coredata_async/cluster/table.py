"""Tables of a cluster: JSON objects in a KV bucket, changed by compare-and-set."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from importlib import import_module
from typing import Final, TypeVar

from attrs import frozen

from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.nats_errors import describe_failure
from coredata_async.cluster.nats_types import Connection
from coredata_async.json_text import decode_json
from coredata_async.plain_data import PlainData
from coredata_async.records.kv_bucket import WRONG_REVISION, Bucket, Entry, read_entries

log = logging.getLogger("coredata_async.cluster")

T = TypeVar("T")

_TIMEOUT: Final = 5.0
"""Timeout for the time of the server, in seconds."""
_LARGEST: Final = 1 << 62
"""Largest amount of a number that is believed: others would break the arithmetic with it."""


@frozen
class Row:
    """One entry of a table at one revision."""

    key: str
    fields: Mapping[str, object]
    revision: int
    written: datetime | None = None
    """When it was written, by the clock of the server; None unless it is from a listing."""

    @property
    def data(self) -> PlainData:
        """The fields, for typed reading."""
        return PlainData(self.fields, f"the entry {self.key}")


class Table:
    """A KV bucket. Conflicts are results, not errors: another process has changed the entry.

    Every method raises `ClusterError` if the server does not answer. It is then unknown whether a write was
    carried out: read the entry back.
    """

    def __init__(self, bucket: Bucket, name: str, connection: Connection) -> None:
        errors = import_module("nats.js.errors")  # it is installed, because the bucket is from there
        self._missing: type[Exception] = errors.KeyNotFoundError
        self._empty: type[Exception] = errors.NoKeysError
        self._conflict: type[Exception] = errors.KeyWrongLastSequenceError
        self._bucket = bucket
        self._connection = connection
        self.name = name

    async def get(self, key: str) -> Row | None:
        """Read an entry; None if it does not exist."""
        entry = await self._call(self._bucket.get(key))
        return None if entry is None else _row(entry)

    async def create(self, key: str, fields: Mapping[str, object]) -> int | None:
        """Add an entry, and return its revision; None if it exists."""
        return await self._call(self._bucket.create(key, encode(fields)))

    async def update(self, key: str, fields: Mapping[str, object], revision: int) -> int | None:
        """Replace an entry, and return its new revision; None if it has another revision."""
        return await self._call(self._bucket.update(key, encode(fields), last=revision))

    async def put(self, key: str, fields: Mapping[str, object], revision: int | None) -> int | None:
        """Create an entry (revision None), or replace it."""
        if revision is None:
            return await self.create(key, fields)
        return await self.update(key, fields, revision)

    async def delete(self, key: str, revision: int) -> bool:
        """Remove an entry; False if it has another revision."""
        return bool(await self._call(self._bucket.delete(key, last=revision)))

    async def rows(self) -> dict[str, Row]:
        """Read all entries, by key. Memory use depends on their number.

        One that is damaged is left out, because it must not hide the others.
        """
        found: dict[str, Row] = {}
        async with aclosing(read_entries(self._bucket)) as entries:
            while (entry := await self._call(anext(entries, None))) is not None:
                try:
                    found[entry.key] = _row(entry)
                except ClusterError as exc:
                    log.info("%s, and is ignored", exc)
        return found

    async def now(self) -> datetime:
        """Read the clock of the server: those of two machines may differ by hours."""
        request = self._connection.request(f"$JS.API.STREAM.INFO.KV_{self.name}", b"", _TIMEOUT)
        reply = await self._call(request)
        data = decode(b"{}" if reply is None else reply.data, f"the state of the table {self.name}")
        return data.time("ts") or datetime.now(UTC)  # servers before 2.10 do not say it

    async def _call(self, call: Awaitable[T]) -> T | None:
        """Await a call; return None if the key is missing or at another revision."""
        try:
            return await call
        except (self._missing, self._conflict, self._empty):
            return None
        except Exception as exc:  # noqa: BLE001  # nats-py's errors have several base classes, including OSError
            if getattr(exc, "err_code", None) in WRONG_REVISION:
                return None
            failure = f"the table {self.name} of the cluster cannot be used: {describe_failure(exc)}"
        raise ClusterError(failure)


def number(fields: Mapping[str, object], name: str) -> float:
    """Return a number of an entry; 0 if it has none, or one that nothing can be computed with."""
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) <= _LARGEST else 0.0


def encode(fields: Mapping[str, object]) -> bytes:
    """Encode a JSON object."""
    return json.dumps(fields, separators=(",", ":")).encode()


def decode(data: bytes, noun: str) -> PlainData:
    """Decode a JSON object.

    Raises:
        ClusterError: If it is damaged.
    """
    try:
        return PlainData.of(decode_json(data), noun)
    except ValueError:  # ConfigurationError is one, too
        raise ClusterError(f"{noun} is damaged: it is not a JSON object") from None


def _row(entry: Entry) -> Row:
    fields = decode(entry.value or b"", f"the entry {entry.key} of the cluster").fields
    return Row(entry.key, fields, entry.revision or 0, entry.created)
