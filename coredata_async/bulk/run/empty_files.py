"""Empty files on a storage that refuses them: created by one request to the service instead.

Some storages, and some gateways before a reservation, refuse a length of 0. The first empty file that is
refused is sent to the service itself. If that succeeds, all further empty files of the run are sent there at
once; if the service refuses it, too, the others are not sent there.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.claims import Work
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.failures import classify
from coredata_async.bulk.states import State
from coredata_async.call import perform
from coredata_async.errors import OutcomeUnknownError
from coredata_async.storage.bodies import new_md5
from coredata_async.transfer.steps import Planned, Registered, Stored
from coredata_async.transfer.uploads import mime_type_of
from coredata_async.wire.files import form_around, upload_whole

EMPTY_MD5: Final = new_md5().hexdigest()


@define(eq=False)
class EmptyFiles:
    """Decision of a run about its empty files."""

    run: RunContext
    _accepted: bool | None = field(default=None, init=False)
    """True if the service accepts them; `None` until the first one was sent."""
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    @property
    def go_to_service(self) -> bool:
        """True if empty files are sent to the service without an attempt at the storage."""
        return self._accepted is True

    def may_replace(self, item: Item, exc: Exception) -> bool:
        """Return whether the service may accept a file that was refused with this error."""
        return (
            item.fingerprint.size == 0 and self._accepted is not False and classify(exc).state is State.FAILED
        )

    async def create(
        self, work: Work, item: Item, blob: str | None, refused: Exception | None
    ) -> Item | None:
        """Create the File of an empty file. Sends one request, never again if its outcome is unknown.

        Args:
            work: The file, as the worker received it.
            item: The present state of the file.
            blob: The blob that was reserved for it.
            refused: The error of the storage or of the reservation, if the file was sent there.

        Returns:
            The item if it is unknown whether its File exists, so that it must be looked up.

        Raises:
            APIError: If the service refused the request, or was not reached; the File does not exist.
        """
        if self._accepted is None:
            async with self._lock:  # the first one decides for all
                if refused is not None and self._is_refused():
                    raise refused
                return await self._create(work, item, blob)
        return await self._create(work, item, blob)

    def _is_refused(self) -> bool:
        return self._accepted is False

    async def _create(self, work: Work, item: Item, blob: str | None) -> Item | None:
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
