"""Files that earlier runs of a job have finished, published again so that a listener has their ids."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from coredata_async.bulk.events import FileDone, FileSkipped
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.states import Reason, State

_PAGE: Final = 500
_FINISHED: Final = f"""
SELECT item.id, folder.path, item.name, item.size, item.state, item.file
FROM item LEFT JOIN folder ON folder.id = item.folder
WHERE item.id > ? AND item.seen = ? AND item.file IS NOT NULL
AND (item.state = {int(State.DONE)} OR (item.state = {int(State.SKIPPED)} AND item.reason = '{Reason.SAME}'))
ORDER BY item.id LIMIT {_PAGE}
"""  # noqa: S608  # built from constants


class ReportedItems:
    """Set of the items whose end this run has published, one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, item: int) -> None:
        """Add an item."""
        index = item >> 3
        if index >= len(self._bits):
            self._bits.extend(bytes(index + 1024 - len(self._bits)))
        self._bits[index] |= 1 << (item & 7)

    def __contains__(self, item: int) -> bool:
        index = item >> 3
        return index < len(self._bits) and bool(self._bits[index] >> (item & 7) & 1)


async def earlier_files(journal: Journal, reported: ReportedItems) -> AsyncIterator[FileDone | FileSkipped]:
    """Yield an event for each file that was finished before this run. Holds some hundred files in memory."""
    last = 0
    while True:
        rows = await journal.read(partial(_page, last=last, run=journal.run))
        for item, event in rows:
            if item not in reported:  # a file that was registered earlier may have been confirmed in this run
                yield event
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def _page(db: sqlite3.Connection, last: int, run: int) -> list[tuple[int, FileDone | FileSkipped]]:
    return [
        (number, _event(path_text(b"/".join(filter(None, (folder, name)))), size, state, file))
        for number, folder, name, size, state, file in db.execute(_FINISHED, (last, run))
    ]


def _event(path: str, size: int, state: int, file: str) -> FileDone | FileSkipped:
    if state == State.DONE:
        return FileDone(path=path, file_id=file, size=size, earlier=True)
    return FileSkipped(path=path, reason=Reason.SAME, file_id=file, earlier=True)
