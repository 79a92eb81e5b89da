"""A 5pm project copied into CoreData: fetched into a room of its own, then uploaded by a bulk job."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from coredata_async.archive.documents import json_lines, page
from coredata_async.archive.inventory import Inventory, take_inventory
from coredata_async.archive.names import NameRequest, Names, folder_name, safe
from coredata_async.archive.staging import Fetched, NotFetched, Outcome, Stager, key
from coredata_async.archive.workspace import Workspace
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.journal.identity import JobIdentity
from coredata_async.bulk.journal.location import default_path
from coredata_async.bulk.options import Effort, Policy, Selection
from coredata_async.bulk.report.report import Report
from coredata_async.client import CoreData
from coredata_async.fivepm import FivePM

AT_ONCE: Final = 4
"""Files fetched at once: calls of one 5pm session may wait for each other inside the server."""
UPLOAD_POLICY: Final = Policy(existing="version", names="escape")
"""A page of activities that grew becomes a new version of its File, and no further File. Files of 5pm
cannot be changed there, and none is uploaded twice, so they have one version."""
ALL: Final = Selection(ignore_files=False)
"""An attached `.coredataignore` is a file like any other."""


@frozen(kw_only=True)
class Staged:
    """What waits to be uploaded."""

    names: Names
    outcomes: Sequence[Outcome]


@frozen(kw_only=True)
class Archived:
    """What came of it."""

    report: Report
    """Of the upload."""
    outcomes: Sequence[Outcome]
    """Of the files that CoreData did not have before, in the order of their ids."""

    @property
    def failures(self) -> Sequence[NotFetched]:
        """Files that 5pm did not give."""
        return [each for each in self.outcomes if isinstance(each, NotFetched)]

    @property
    def complete(self) -> bool:
        """Return whether CoreData has all of it."""
        return not self.failures and self.report.exit_code == 0


@frozen(kw_only=True)
class Archive:
    """Copies the files and activities of a 5pm project into CoreData: all of them, each once.

    `archived = await Archive(pm=pm, client=client, project=project_id, parent=folder_id).run()`

    The folder `<name> (5pm <id>)` below the parent gets every file under its name, and a folder
    `activities` with all activities as `activities.jsonl`, and as one page per task and one for the
    project. The bulk upload works on paths, because it must be able to read a file again, after a crash
    too, and 5pm states no way to fetch half a file. So files are fetched into a private directory first,
    on as much disk as the project needs, and removed when CoreData has listed them. Names and progress are
    kept in that directory: the same archive made again goes on where it ended, however it ended, and
    later fetches and uploads only what is new in 5pm. What was removed from 5pm stays in CoreData.

    Memory: a block per file in flight, and all activities.
    """

    pm: FivePM
    """It stays open."""
    client: CoreData
    """It stays open."""
    project: str
    """Id of the 5pm project."""
    parent: str
    """Id of a CoreData Project, Folder or Filespace."""
    directory: Path | None = None
    """Directory to keep the archive's state in; by default one in the user's state directory, found again
    by the two services, project and parent."""
    effort: Effort | None = None
    """How hard to upload."""
    check_sizes: bool = True
    """Whether a file must have the size that 5pm states. That it counts bytes is not documented."""

    async def run(self, tell: Callable[[Outcome], None] = lambda _: None) -> Archived:
        """Do all of it. Failures of files are in what comes back, not raised.

        Args:
            tell: Called for every file that is fetched, or cannot be.

        Raises:
            APIError: One of the services could not be asked.
            CoreDataError: Another process makes the same archive, or the disk failed.
        """
        with self.lock() as room:
            staged = await self.stage(room, tell)
            report = await self.job(room).run()
            return self.settle(room, staged, report)

    @contextmanager
    def lock(self) -> Generator[Workspace]:
        """Give the room of this archive, and keep every other process out; the steps below need it."""
        room = Workspace(self.directory or self._default_directory())
        with room.lock():
            yield room

    async def stage(self, room: Workspace, tell: Callable[[Outcome], None]) -> Staged:
        """First step: name everything, write the documents, fetch the files."""
        found = await take_inventory(self.pm, self.project)
        names = room.names() or Names(folder=folder_name(found.project.name, found.project.id))
        names = names.with_(_name_requests(found))
        room.keep(names)  # before anything is stored under them
        _write(room, names, found)
        stager = Stager(pm=self.pm, workspace=room, names=names, check_sizes=self.check_sizes)
        return Staged(names=names, outcomes=await stager.fetch(found.files, width=AT_ONCE, tell=tell))

    def job(self, room: Workspace) -> UploadJob:
        """Second step: the bulk upload, with a journal that outlives the files."""
        return UploadJob(
            self.client,
            [f"{room.tree}/."],
            parent=self.parent,
            journal=room.journal,
            selection=ALL,
            policy=UPLOAD_POLICY,
            effort=self.effort,
        )

    def settle(self, room: Workspace, staged: Staged, report: Report) -> Archived:
        """Last step: remember what CoreData has, and free the disk; if anything failed, nothing is freed."""
        if report.exit_code == 0:
            room.keep(
                staged.names.with_known(
                    f"file:{each.id}" for each in staged.outcomes if isinstance(each, Fetched)
                )
            )
            room.clear(staged.names)
        return Archived(report=report, outcomes=staged.outcomes)

    def _default_directory(self) -> Path:
        engine = self.client.engine()
        what = f"5pm {self.pm.url} {self.project}".encode()
        place = default_path(JobIdentity(engine.tenant, engine.account, self.parent, (what,)))
        return place.with_suffix(".archive")


def _name_requests(found: Inventory) -> Iterator[NameRequest]:
    for file in found.files:
        yield NameRequest(key=key(file), name=file.name, id=file.id)


def _write(room: Workspace, names: Names, found: Inventory) -> None:
    """The documents have names of their own, which hold the task's id and not its name, which may change."""
    called = {each.id: names.given[key(each)] for each in found.files}
    room.write(names, "activities.jsonl", json_lines(found.activities))
    tasks = {each.id for each in found.tasks}
    rest = [each for each in found.activities if each.task_id not in tasks]
    room.write(names, "project.html", page(found.project, rest, people=found.people, names=called))
    for task in found.tasks:
        own = [each for each in found.activities if each.task_id == task.id]
        if own:
            text = page(task, own, people=found.people, names=called)
            room.write(names, safe(f"task {task.id}", task.id, ".html"), text)
