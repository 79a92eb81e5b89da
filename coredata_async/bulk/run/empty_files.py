"""Empty files where the storage rejects them: created by one request to the service instead.

Some storages, and some gateways before a reservation, refuse a length of 0. The first empty file that is
refused is sent to the service itself. If that works, all further empty files of the run go that way at once;
if the service refuses it, too, the others are not sent there.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.work import Work
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.failures import classify
from coredata_async.bulk.states import State
from coredata_async.call import perform
from coredata_async.errors import OutcomeUnknownError
from coredata_async.storage.bodies import md5
from coredata_async.transfer.steps import Planned, Registered, Stored
from coredata_async.transfer.uploads import mime_type_of
from coredata_async.wire.files import form_around, upload_whole

EMPTY_MD5: Final = md5(b"")


@define(eq=False)
class EmptyFiles:
    """What a run has learnt about empty files."""

    run: RunContext
    _accepted: bool | None = field(default=None, init=False)
    """If the service takes them; `None` until it was asked."""
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def goes_to_service(self, item: Item) -> bool:
        """Tell if a file needs no attempt at the storage."""
        return item.fingerprint.size == 0 and self._accepted is True

    def may_replace(self, item: Item, exc: Exception) -> bool:
        """Tell if the service may accept a file that was refused with this error."""
        return (
            item.fingerprint.size == 0 and self._accepted is not False and classify(exc).state is State.FAILED
        )

    async def create(
        self, work: Work, item: Item, blob: str | None, refused: Exception | None
    ) -> Item | None:
        """Create the File of an empty file: one request, which is not repeated if its outcome is unknown.

        Args:
            work: The file, as the worker got it.
            item: The file, as it is known by now.
            blob: The blob that was reserved for it.
            refused: Why it was refused on the usual way, if it was sent there.

        Returns:
            The item if it is unknown whether there is a File by now, so that it must be looked for.

        Raises:
            APIError: The service refused, or was not reached; there is no File.
        """
        if self._accepted is None:
            async with self._lock:  # the first one tells for all
                if refused is not None and self._is_refused():
                    raise refused
                return await self._find_created(work, item, blob)
        return await self._find_created(work, item, blob)

    def _is_refused(self) -> bool:
        return self._accepted is False

    async def _find_created(self, work: Work, item: Item, blob: str | None) -> Item | None:
        new = items.new_file(item, work.parent, self.run.attributes)
        head, tail, content_type = form_around(
            new.fields(),
            filename=new.filename,
            content_type=mime_type_of(new.filename),
            boundary=secrets.token_hex(16),
        )
        item = evolve(item, blob=None, md5=EMPTY_MD5, etag=False, sent=time.time())
        await self.run.journal.write(*items.mark_creating(item, blob))
        try:
            file_id = await perform(self.run.engine.api, upload_whole(head + tail, content_type))
        except OutcomeUnknownError as exc:
            return await self.run.mark_unknown(item, str(exc))
        except Exception as exc:
            if classify(exc).state is State.FAILED and self._accepted is None:
                self._accepted = False
            raise
        self._accepted = True
        plan = Planned(size=0, content_type=None)
        await self.run.confirm(item, Registered(Stored(plan, "", EMPTY_MD5), file_id))
        return None


def is_taken(db: sqlite3.Connection, item: Item, file_id: str) -> bool:
    """Check if a File was there before this job, or belongs to another of its files."""
    before = "SELECT 1 FROM remote_file WHERE folder = ? AND filename = ? AND file = ?"
    other = "SELECT 1 FROM item WHERE folder = ? AND file = ? AND id != ?"
    return (
        db.execute(before, (item.folder, item.filename, file_id)).fetchone() is not None
        or db.execute(other, (item.folder, file_id, item.id)).fetchone() is not None
    )
