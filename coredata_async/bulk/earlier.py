"""Files that earlier runs of a job have finished, repeated as events so that a listener has their ids."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from coredata_async.bulk.events import FileDone, FileSkipped
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.states import State, Why
from coredata_async.bulk.text import shown

_PAGE: Final = 500
_FINISHED: Final = f"""
SELECT item.id, folder.path, item.name, item.size, item.state, item.file
FROM item LEFT JOIN folder ON folder.id = item.folder
WHERE item.id > ? AND item.seen = ? AND item.claim <> item.seen AND item.file IS NOT NULL
AND (item.state = {int(State.DONE)} OR (item.state = {int(State.SKIPPED)} AND item.why = '{Why.SAME}'))
ORDER BY item.id LIMIT {_PAGE}
"""  # noqa: S608  # numbers and names of ours only


async def earlier_files(journal: Journal) -> AsyncIterator[FileDone | FileSkipped]:
    """Yield an event for each file that this run found finished. Memory: some hundred files."""
    last = 0
    while True:
        rows = await journal.read(partial(_page, last=last, run=journal.run))
        for _, event in rows:
            yield event
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def _page(db: sqlite3.Connection, last: int, run: int) -> list[tuple[int, FileDone | FileSkipped]]:
    return [
        (number, _event(shown(b"/".join(filter(None, (folder, name)))), size, state, file))
        for number, folder, name, size, state, file in db.execute(_FINISHED, (last, run))
    ]


def _event(path: str, size: int, state: int, file: str) -> FileDone | FileSkipped:
    if state == State.DONE:
        return FileDone(path=path, file_id=file, size=size, earlier=True)
    return FileSkipped(path=path, why=Why.SAME, file_id=file, earlier=True)
