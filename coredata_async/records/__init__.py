"""Idempotent uploads: one key becomes one File, on any machine, for any number of calls.

- `idempotent` — `IdempotentUploads`, the entry point; `attempt` — one call of it.
- `acquisition` — creating and taking records; `comparison` — a source with the content of its key.
- `record` — the durable state of one key, and the interface of record stores. `outcomes` — also errors.
- `ownership` — the lease on a record. `coredata_async.fence` — the kernel's timer that ends a frozen owner.
- `sqlite`, `postgres`, `kv` — record stores.
"""

from coredata_async.records.idempotent import IdempotentUploads
from coredata_async.records.kv import KvRecords
from coredata_async.records.outcomes import (
    Busy,
    KeyReusedError,
    RecordStoreError,
    UnreadableRecordError,
    VolatileStoreError,
)
from coredata_async.records.postgres import PostgresRecords
from coredata_async.records.record import UploadRecord, UploadRecords, UploadState
from coredata_async.records.sqlite import SqliteRecords

__all__ = [
    "Busy",
    "IdempotentUploads",
    "KeyReusedError",
    "KvRecords",
    "PostgresRecords",
    "RecordStoreError",
    "SqliteRecords",
    "UnreadableRecordError",
    "UploadRecord",
    "UploadRecords",
    "UploadState",
    "VolatileStoreError",
]
