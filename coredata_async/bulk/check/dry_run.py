"""Dry run: the actions of a job, determined as the job does, with its notes in a scratch journal."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final, Literal

from attrs import define, field, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.claims import PlannedFile, read_planned_files
from coredata_async.bulk.journal.items import is_blob_kept
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity, check_path, path_for
from coredata_async.bulk.journal.planning import is_pending
from coredata_async.bulk.journal.scanning import plan_into, scratch_journal
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.remote.existing import (
    Conflict,
    ConflictResolver,
    Decision,
    Replace,
    Skip,
    Upload,
)
from coredata_async.bulk.remote.folder_list import FolderList, FolderLookup, Row, row_of
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.scan.scan import PathLike, roots, scan
from coredata_async.bulk.scan.walk import Batches
from coredata_async.bulk.states import State
from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.workers import map_concurrently

HASHED_AT_ONCE: Final = 4
Verb = Literal["upload", "version", "skip", "fail", "resolve", "folder"]


@frozen(kw_only=True)
class Action:
    """Action that the job would take."""

    verb: Verb
    """`version` replaces the content of a File; `resolve` looks up one whose registration was lost."""
    path: str
    size: int = 0
    """Size in bytes."""
    message: str = ""
    """Reason for the action."""


async def dry_run(
    engine: Engine,
    paths: Sequence[PathLike],
    *,
    parent: str,
    journal_path: Path | None,
    selection: Selection,
    policy: Policy,
) -> AsyncGenerator[Action, None]:
    """Yield the actions that the job of these arguments would take; the job may have run before.

    Raises:
        APIError: If the service cannot be reached.
        ConfigurationError: If the job is running, or is invalid.
    """
    binding = JobIdentity(
        engine.tenant, engine.account, parent, tuple(root.as_given for root in roots(paths))
    )
    if journal_path is not None:
        check_path(journal_path, binding.roots)
    batches = scan(paths, selection, policy)
    project = await check_parent(engine.api, parent)
    async with scratch_journal(binding, journal_path or path_for(binding)) as journal:
        remote = Remote(engine.api, journal, parent, project, policy.unicode)
        run = DryRun(journal=journal, remote=remote, policy=policy)
        async with aclosing(run.actions(batches)) as actions:
            async for action in actions:
                yield action


@define(eq=False, kw_only=True)
class DryRun:
    """Determines the actions of a job, directory by directory, parents first."""

    journal: Journal
    """Scratch journal, which is written to."""
    remote: Remote
    policy: Policy
    _folder_lookup: FolderLookup = field(init=False)
    _resolver: ConflictResolver = field(init=False)
    _reported: set[int] = field(factory=set[int], init=False)
    """Folders whose creation was yielded."""

    def __attrs_post_init__(self) -> None:
        self._folder_lookup = FolderLookup(FolderList(self.remote), self.journal)
        self._resolver = ConflictResolver(self.remote.api, self.policy.existing)

    async def actions(self, batches: Batches) -> AsyncGenerator[Action, None]:
        """Yield all actions, after the scan is complete.

        Raises:
            APIError: If the service cannot be reached.
        """
        await plan_into(self.journal, batches, lambda _: None)
        async with aclosing(self._folder_lookup.rows()) as rows:
            async for row in rows:
                folder_id = await self._open_folder(row)
                if folder_id is None and await self._is_made_anyway(row):
                    for folder in await self._folder_actions(row):
                        yield folder
                after = b""
                while some := await self.journal.read(
                    partial(read_planned_files, folder=row.id, after=after)
                ):
                    for action in await self._all(some, row, folder_id):
                        yield action
                    after = some[-1].name

    async def _all(self, some: Sequence[PlannedFile], row: Row, folder_id: str | None) -> list[Action]:
        actions = await map_concurrently(some, self._action, HASHED_AT_ONCE)
        made = folder_id is None and any(action.verb == "upload" for action in actions)
        return [*(await self._folder_actions(row) if made else ()), *actions]

    async def _open_folder(self, row: Row) -> str | None:
        """Return the id of the remote folder; load its Files if a file in it has to be decided."""
        folder_id = await self._folder_lookup.find_folder(row)
        if folder_id is not None and await self.journal.read(partial(is_pending, folder=row.id)):
            if self.remote.is_project(folder_id):
                await self._folder_lookup.listing.load()
            await self.remote.load_files(row.id, folder_id)
        return folder_id

    async def _is_made_anyway(self, row: Row) -> bool:
        query = "SELECT scanned FROM folder WHERE id = ?"
        (scanned,) = await self.journal.read(lambda db: db.execute(query, (row.id,)).fetchone())
        return self.policy.empty_dirs and scanned == self.journal.run

    async def _folder_actions(self, row: Row) -> list[Action]:
        """Return the actions for the folder and those above it that do not exist, each once."""
        made: list[Action] = []
        while (
            row.id not in self._reported
            and row.parent is not None
            and await self._folder_lookup.find_folder(row) is None
        ):
            self._reported.add(row.id)
            made.append(Action(verb="folder", path=path_text(row.path)))
            row = await self.journal.read(partial(row_of, folder=row.parent))
        return made[::-1]

    async def _action(self, line: PlannedFile) -> Action:
        item = line.item
        action = partial(Action, path=path_text(item.path), size=item.fingerprint.size)
        if item.state in _SETTLED:
            verb, message = _SETTLED[item.state]
            return action(verb=verb, message=line.message or message.format(item.file))
        if item.state == State.STORED and is_blob_kept(item, self.policy.blob_life):
            return action(verb="upload", message="its bytes are stored already")
        try:
            verb, message = _explain(await self._resolver.decide(item, line.namesakes), len(line.namesakes))
        except SourceChangedError:
            return action(verb="upload", message="it is changing at the moment")
        except SourceError as exc:
            return action(verb="fail", message=str(exc))
        return action(verb=verb, message=message)


_SETTLED: Final[Mapping[State, tuple[Verb, str]]] = {
    State.UNKNOWN: ("resolve", "it is unknown whether it was registered"),
    State.DONE: ("skip", "done"),
    State.CONFIRMED: ("skip", "registered; a listing must show it"),
    State.SKIPPED: ("skip", "File {} is the same"),
    State.FAILED: ("fail", ""),
}


def _explain(decision: Decision, namesakes: int) -> tuple[Verb, str]:
    match decision:
        case Skip(file=file, md5=md5):
            return "skip", f"File {file} {'is the same' if md5 else 'has this name'}"
        case Conflict(message):
            return "fail", message
        case Replace(file):
            return "version", f"new content of File {file}"
        case Upload():
            return "upload", f"{namesakes} Files of this name have other content" if namesakes else ""
