"""Comparison of a source with the content that was stored for its key."""

from __future__ import annotations

import logging
from contextlib import aclosing

from attrs import evolve

from coredata_async.errors import SourceError
from coredata_async.escapes import escape_controls
from coredata_async.records.outcomes import KeyReusedError
from coredata_async.records.ownership import OwnedRecord
from coredata_async.records.record import Revision
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import prepare
from coredata_async.transfer.outcomes import Failed
from coredata_async.transfer.uploads import Upload

log = logging.getLogger("coredata_async.records")


async def differs(taken: OwnedRecord | Revision, wanted: Upload, digest: str | None) -> bool:
    """Return whether a source differs from the bytes that were stored for its key.

    A source that can no longer be read does not differ: the File may have replaced it.
    """
    stored = taken.record.stored
    if stored is None:
        return False
    if digest is not None:
        return digest.lower() != stored.md5
    try:
        if isinstance(taken, OwnedRecord):
            found = await taken.run(lambda: _measure(wanted))
        else:
            found = await _measure(wanted)
    except SourceError as exc:
        log.info(
            "%s: the source cannot be read again to compare it: %s", escape_controls(taken.record.key), exc
        )
        return False
    return found != (stored.plan.size, stored.md5)


async def refuse(taken: OwnedRecord | Revision, wanted: Upload, difference: str) -> Failed:
    """Release the record unchanged, and return the error of a key that was used for something else."""
    record = taken.record
    if isinstance(taken, OwnedRecord):
        await taken.write(evolve(record, owner=""))
    file = f" (File {record.file_id})" if record.file_id else ""
    error = KeyReusedError(
        f"key {record.key!r} was used before for {difference}{file}; put the version of the content into "
        "the key, or call forget(key)"
    )
    return Failed(source=wanted.source, error=error, key=record.key)


async def _measure(wanted: Upload) -> tuple[int, str]:
    """Read a source to its end; return its length and MD5."""
    async with prepare(wanted.source, wanted.size) as source:
        if isinstance(source.body, Streamed):
            async with aclosing(source.body.chunks()) as chunks:
                async for _ in chunks:
                    pass
        return source.size, source.digest
