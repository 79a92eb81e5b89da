"""What is on the server, and not here."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from attrs import frozen

from coredata_async.bulk.check.one import Compared
from coredata_async.bulk.options import Selection
from coredata_async.bulk.remote import AHEAD, Remote
from coredata_async.bulk.scan.filters import Filter

BITE: Final = 200
"""Files read from the draft at once."""


@frozen
class Rest:
    """A File that nothing here was compared with."""

    file: str
    filename: str
    size: int | None


@frozen
class Far:
    """Goes through remote folders that have no counterpart here."""

    remote: Remote
    selection: Selection

    async def below(self, place: str, prefix: str, wanted: Filter) -> AsyncGenerator[Compared, None]:
        """All Files of a folder, and of those in it.

        Raises:
            APIError: The service could not be asked.
        """
        stack, seen = [(place, prefix, wanted)], {self.remote.parent}
        while stack:
            place, prefix, wanted = stack.pop()
            if place in seen:  # a folder in itself
                continue
            seen.add(place)
            async with aclosing(self.remote.files(place).pages(prefetch=AHEAD)) as pages:
                async for page in pages:
                    for file in await self.remote.own(page.items, place):
                        rest = Rest(file.id, file.filename, file.size)
                        if self.takes(rest, wanted):
                            yield only_there(rest, prefix)
            for inside, title in await self.remote.inside(place):
                if (filtered := wanted.below(title.encode("utf-8", "replace"))) is not None:
                    stack.append((inside, f"{prefix}{title}/", filtered))

    def takes(self, rest: Rest, wanted: Filter) -> bool:
        """Whether a File would be selected by name and size, were it here."""
        least, most = self.selection.min_size, self.selection.max_size
        return (
            wanted.takes(rest.filename.encode("utf-8", "replace"))
            and (least is None or rest.size is None or rest.size >= least)
            and (most is None or rest.size is None or rest.size <= most)
        )


def only_there(rest: Rest, prefix: str) -> Compared:
    """As it is told."""
    return Compared(symbol="-", path=f"{prefix}{rest.filename}", size=rest.size, file=rest.file)


def take_twins(db: sqlite3.Connection, folder: int, filenames: Sequence[str]) -> None:
    """Strike the Files of these names off the list of a folder: they are compared."""
    question = "DELETE FROM remote WHERE folder = ? AND filename = ?"
    db.executemany(question, [(folder, each) for each in filenames])


def take_rest(db: sqlite3.Connection, folder: int) -> list[Rest]:
    """The next Files that are left on the list of a folder; they are struck off, too."""
    question = "SELECT file, filename, size FROM remote WHERE folder = ? ORDER BY filename, file LIMIT ?"
    found = [Rest(*row) for row in db.execute(question, (folder, BITE))]
    strike = "DELETE FROM remote WHERE folder = ? AND filename = ? AND file = ?"
    db.executemany(strike, [(folder, each.filename, each.file) for each in found])
    return found
