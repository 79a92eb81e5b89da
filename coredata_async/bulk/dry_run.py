"""What a job would do: found out as the job finds it out, with everything noted in a draft."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field

from coredata_async.bulk.actions import Action, Verb
from coredata_async.bulk.existing import Decider, Decision, Leave, Refuse, Replace, Upload
from coredata_async.bulk.folders import Row, row_of
from coredata_async.bulk.journal.binding import Binding
from coredata_async.bulk.journal.draft import draft, survey
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.place import check_place, usual_place
from coredata_async.bulk.lines import Line, lines
from coredata_async.bulk.mirror import Mirror
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.parent import check_parent
from coredata_async.bulk.plan import is_pending
from coredata_async.bulk.remote import Remote
from coredata_async.bulk.scan.roots import PathLike, roots
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.scan.walk import Batches
from coredata_async.bulk.states import State
from coredata_async.bulk.text import shown
from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.lanes import abreast

HASHED_AT_ONCE: Final = 4


async def rehearsed(
    engine: Engine,
    paths: Sequence[PathLike],
    *,
    parent: str,
    place: Path | None,
    selection: Selection,
    policy: Policy,
) -> AsyncGenerator[Action, None]:
    """What the job of these would do, which may have run before.

    Raises:
        APIError: The service could not be asked.
        ConfigurationError: The job is running, or cannot run.
    """
    binding = Binding(engine.tenant, engine.account, parent, tuple(root.meant for root in roots(paths)))
    if place is not None:
        check_place(place, binding.roots)
    batches = scan(paths, selection, policy)
    project = await check_parent(engine.api, parent)
    async with draft(binding, place or usual_place(binding)) as journal:
        remote = Remote(engine.api, journal, parent, project, policy.unicode)
        rehearsal = Rehearsal(journal=journal, remote=remote, policy=policy)
        async with aclosing(rehearsal.actions(batches)) as actions:
            async for action in actions:
                yield action


@define(eq=False, kw_only=True)
class Rehearsal:
    """Says what a job would do, directory by directory, each after the one it is in."""

    journal: Journal
    """A draft: it is written to."""
    remote: Remote
    policy: Policy
    _mirror: Mirror = field(init=False)
    _decider: Decider = field(init=False)
    _told: set[int] = field(factory=set[int], init=False)
    """Folders that are said to be made."""

    def __attrs_post_init__(self) -> None:
        self._mirror = Mirror(self.remote, self.journal)
        self._decider = Decider(self.remote.api, self.policy.existing)

    async def actions(self, batches: Batches) -> AsyncGenerator[Action, None]:
        """All of it, when the scan is complete.

        Raises:
            APIError: The service could not be asked.
        """
        await survey(self.journal, batches, lambda _: None)
        async with aclosing(self._mirror.rows()) as rows:
            async for row in rows:
                place = await self._opened(row)
                if place is None and await self._is_made_anyway(row):
                    for folder in await self._made(row):
                        yield folder
                after = b""
                while some := await self.journal.read(partial(lines, folder=row.id, after=after)):
                    for action in await self._all(some, row, place):
                        yield action
                    after = some[-1].name

    async def _all(self, some: Sequence[Line], row: Row, place: str | None) -> list[Action]:
        found = await abreast(some, self._action, HASHED_AT_ONCE)
        made = place is None and any(each.verb == "upload" for each in found)
        return [*(await self._made(row) if made else ()), *found]

    async def _opened(self, row: Row) -> str | None:
        """Its remote folder, whose Files are known, if a file in it has to be decided upon."""
        place = await self._mirror.place(row)
        if place is not None and await self.journal.read(partial(is_pending, folder=row.id)):
            if self.remote.is_project(place):
                await self._mirror.load()
            await self.remote.load_files(row.id, place)
        return place

    async def _is_made_anyway(self, row: Row) -> bool:
        question = "SELECT scanned FROM folder WHERE id = ?"
        (scanned,) = await self.journal.read(lambda db: db.execute(question, (row.id,)).fetchone())
        return self.policy.empty_folders and scanned == self.journal.run

    async def _made(self, row: Row) -> list[Action]:
        """The folder, and those above it that are not there either, each once."""
        made: list[Action] = []
        while row.id not in self._told and row.parent is not None and await self._mirror.place(row) is None:
            self._told.add(row.id)
            made.append(Action(verb="folder", path=shown(row.path)))
            row = await self.journal.read(partial(row_of, folder=row.parent))
        return made[::-1]

    async def _action(self, line: Line) -> Action:
        item = line.item
        action = partial(Action, path=shown(item.path), size=item.print.size)
        if item.state in _SETTLED:
            verb, words = _SETTLED[item.state]
            return action(verb=verb, words=line.words or words.format(item.file))
        if item.state == State.STORED and time.time() - item.sent < self.policy.blob_life:
            return action(verb="upload", words="its bytes are stored already")
        try:
            verb, words = _told(await self._decider.decide(item, line.twins), len(line.twins))
        except SourceChangedError:
            return action(verb="upload", words="it is changing at the moment")
        except SourceError as exc:
            return action(verb="fail", words=str(exc))
        return action(verb=verb, words=words)


_SETTLED: Final[Mapping[State, tuple[Verb, str]]] = {
    State.UNKNOWN: ("resolve", "whether it was registered is not known"),
    State.DONE: ("skip", "done"),
    State.CONFIRMED: ("skip", "registered; a listing has to show it"),
    State.SKIPPED: ("skip", "File {} is the same"),
    State.FAILED: ("fail", ""),
}


def _told(decision: Decision, twins: int) -> tuple[Verb, str]:
    match decision:
        case Leave(file=file, md5=md5):
            return "skip", f"File {file} {'is the same' if md5 else 'has this name'}"
        case Refuse(words):
            return "fail", words
        case Replace(file):
            return "version", f"new content of File {file}"
        case Upload():
            return "upload", f"there are {twins} of this name with other content" if twins else ""
