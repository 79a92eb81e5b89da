"""Incremental synchronisation: all documents modified since the last run, none missed and none repeated.

The service stores times truncated to the second, and listings may lag behind commits. So each run starts a
little before the newest time seen, and drops documents that were seen already, by id and snapshot.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Self, TypeVar

from attrs import field, frozen

from coredata_async.json_text import decode_json
from coredata_async.listing import Listing
from coredata_async.resources.document import Document
from coredata_async.walk import REMEMBERED

D = TypeVar("D", bound=Document)

Seen = dict[tuple[str, str], datetime]
"""Time of modification of the documents seen, by id and snapshot."""

OVERLAP: Final = timedelta(minutes=2)
"""Overlap of two runs: longer than a write takes to appear in listings."""

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Mark:
    """Position of a synchronisation: keep it until the next one."""

    newest: datetime | None = None
    """The latest `modified` seen, by the server's clock."""
    seen: frozenset[tuple[str, str]] = field(factory=frozenset[tuple[str, str]], repr=False)
    """Id and snapshot of the documents seen in the overlap."""

    def dumps(self) -> str:
        """Return the mark as text, for storage."""
        newest = None if self.newest is None else self.newest.isoformat()
        return json.dumps({"newest": newest, "seen": sorted(self.seen)})

    @classmethod
    def loads(cls, text: str) -> Self:
        """Read a mark from the text of `dumps`.

        Raises:
            ValueError: If the text is not a stored mark.
        """
        try:
            raw = decode_json(text)
            newest = None if raw["newest"] is None else datetime.fromisoformat(raw["newest"])
            if newest is not None and newest.tzinfo is None:
                raise ValueError("the time of a Mark has a zone")
            return cls(newest, frozenset((str(id_), str(snapshot)) for id_, snapshot in raw["seen"]))
        except (KeyError, TypeError) as exc:
            raise ValueError("the text is not a stored Mark") from exc


class Changes(Generic[D]):
    """The documents that changed since a mark: iterate it to the end, then keep `mark`.

    `Changes(client.files.list, mark)` works for projects, files, contacts and tasks: the service documents
    `modified__gt` for these. Without a mark it yields everything. Deleted documents are not reported. Memory:
    the ids of the documents that changed in the last two minutes before `mark.newest`, and one page.
    """

    def __init__(
        self, list_: Callable[..., Listing[D]], mark: Mark | None = None, *, overlap: timedelta = OVERLAP
    ) -> None:
        self.mark = mark or Mark()
        """Current position; unchanged until an iteration has ended."""
        self._list = list_
        self._overlap = overlap

    async def __aiter__(self) -> AsyncGenerator[D, None]:
        """Yield each changed document once."""
        newest, now = self.mark.newest, datetime.now(UTC)
        seen = dict.fromkeys(self.mark.seen, newest or _LONG_AGO)
        since = None if newest is None else self._edge(newest)
        async with aclosing(aiter(self._list(modified__gt=since))) as documents:
            async for document in documents:
                when = document.modified or newest or _LONG_AGO
                if when <= now:  # one from the future, as of the year 9999, must not hide what changes next
                    newest = max(when, newest or _LONG_AGO)
                pair = (document.id, document.snapshot_id)
                if pair not in seen:
                    yield document
                seen[pair] = when
                if len(seen) > REMEMBERED:
                    seen = self._recent(seen, newest or _LONG_AGO)
        self.mark = Mark(newest, frozenset(self._recent(seen, newest or _LONG_AGO)))

    def _edge(self, newest: datetime) -> datetime:
        return max(_LONG_AGO, newest - self._overlap - timedelta(seconds=1))

    def _recent(self, seen: Seen, newest: datetime) -> Seen:
        """Return the documents that the next run will see again."""
        edge = self._edge(newest)
        return {pair: when for pair, when in seen.items() if when >= edge}
