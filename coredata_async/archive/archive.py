"""Copy of a 5pm project in CoreData: fetched into a private workspace, then uploaded by a bulk job."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen

from coredata_async.archive.documents import json_lines, page
from coredata_async.archive.inventory import Inventory, take_inventory
from coredata_async.archive.staging import Fetched, NotFetched, Outcome, Stager, key
from coredata_async.archive.workspace import NameRequest, Names, Workspace, folder_name, safe
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.journal.location import JobIdentity, default_path
from coredata_async.bulk.options import Effort, Policy, Selection
from coredata_async.bulk.report.report import Report
from coredata_async.client import CoreData
from coredata_async.errors import CoreDataError
from coredata_async.fivepm import FivePM
from coredata_async.ids import Id, id_of

AT_ONCE: Final = 4
"""Maximum number of files fetched at once: calls of one 5pm session may wait for each other in the server."""
UPLOAD_POLICY: Final = Policy(existing="version", names="escape")
"""A page of activities that grew becomes a new version of its File, not another File. Files of 5pm
cannot be changed there, and none is uploaded twice, so they have one version.
"""
ALL: Final = Selection(ignore_files=False)
"""Selection of all files: an attached `.coredataignore` is a file like any other."""


@frozen(kw_only=True)
class Staged:
    """Fetched files and documents that wait for the upload."""

    names: Names
    outcomes: Sequence[Outcome]


@frozen(kw_only=True)
class Archived:
    """Result of an archive run."""

    report: Report
    """Report of the upload."""
    outcomes: Sequence[Outcome]
    """Outcomes of the files that CoreData did not have before, in the order of their ids."""

    @property
    def failures(self) -> Sequence[NotFetched]:
        """Files that could not be fetched from 5pm."""
        return [each for each in self.outcomes if isinstance(each, NotFetched)]

    @property
    def complete(self) -> bool:
        """True if everything is in CoreData."""
        return not self.failures and self.report.exit_code == 0


def _project_id(project: Id) -> str:
    return id_of(project, "project")


def _parent_id(parent: Id) -> str:
    return id_of(parent, "parent")


@frozen(kw_only=True)
class Archive:
    """Copies of the files and activities of a 5pm project in CoreData: all of them, each once.

    `archived = await Archive(pm=pm, client=client, project=project_id, parent=folder_id).run()`

    The folder `<name> (5pm <id>)` below the parent receives every file under its name, and a folder
    `activities` with all activities as `activities.jsonl`, and as one page per task and one for the project.
    The bulk upload works on paths, because it must be able to read a file again, even after a crash, and 5pm
    does not document a way to fetch a part of a file. So files are first fetched into a private directory,
    which needs as much disk as the project, and removed when CoreData has listed them. Names and progress are
    kept in that directory: a repeated run continues after any interruption, and later fetches and uploads
    only new files of 5pm. Files removed from 5pm stay in CoreData.

    Memory use: a block per file in flight, and all activities of the project.
    """

    pm: FivePM
    """Client of 5pm; it stays open."""
    client: CoreData
    """Client of CoreData; the archive does not close it."""
    project: str = field(converter=_project_id)
    """Id of the 5pm project, or the project itself."""
    parent: str = field(converter=_parent_id)
    """Id of a CoreData Project, Folder or Filespace, or the object itself."""
    directory: Path | None = None
    """Directory for the state of the archive.

    Defaults to one in the user's state directory, identified by the two services, project and parent.
    """
    effort: Effort | None = None
    """Concurrency and limits of the upload."""
    check_sizes: bool = True
    """True if a file must have the size that 5pm states. It is not documented that this size is in bytes."""

    async def run(self, on_outcome: Callable[[Outcome], None] = lambda _: None) -> Archived:
        """Run the whole archive. Failures of files are in the result, not raised.

        Args:
            on_outcome: Called for every file that is fetched, or cannot be fetched.

        Raises:
            APIError: If one of the services could not be reached or refused a request.
            CoreDataError: If another process runs the same archive, or the disk failed.
        """
        with self.lock() as workspace:
            staged = await self.stage(workspace, on_outcome)
            report = await self.job(workspace).run()
            return self.settle(workspace, staged, report)

    @contextmanager
    def lock(self) -> Generator[Workspace]:
        """Lock the workspace of this archive against every other process; the steps below require it."""
        workspace = Workspace(self.directory or self._default_directory())
        with workspace.lock():
            yield workspace

    async def stage(self, workspace: Workspace, on_outcome: Callable[[Outcome], None]) -> Staged:
        """Choose the names, write the documents, and fetch the files of 5pm: the first step."""
        found = await take_inventory(self.pm, self.project)
        names = workspace.names() or Names(folder=folder_name(found.project.name, found.project.id))
        names = names.assign(_name_requests(found))
        workspace.save(names)  # before anything is stored under these names
        _write(workspace, names, found)
        stager = Stager(pm=self.pm, workspace=workspace, names=names, check_sizes=self.check_sizes)
        return Staged(
            names=names, outcomes=await stager.fetch(found.files, width=AT_ONCE, on_outcome=on_outcome)
        )

    def job(self, workspace: Workspace) -> UploadJob:
        """Return the bulk upload: the second step. Its journal is kept when the files are removed."""
        return UploadJob(
            self.client,
            [f"{workspace.tree}/."],
            parent=self.parent,
            journal=workspace.journal,
            selection=ALL,
            policy=UPLOAD_POLICY,
            effort=self.effort,
        )

    def settle(self, workspace: Workspace, staged: Staged, report: Report) -> Archived:
        """Record the files as uploaded, and remove them unless something failed: the last step."""
        outcomes = staged.outcomes
        if report.exit_code == 0:
            folder = workspace.folder(staged.names)
            outcomes = [_missing(each, folder) or each for each in outcomes]
            workspace.save(
                staged.names.with_known(f"file:{each.id}" for each in outcomes if isinstance(each, Fetched))
            )
            workspace.clear(staged.names)
        return Archived(report=report, outcomes=outcomes)

    def _default_directory(self) -> Path:
        engine = self.client.engine()
        source = f"5pm {self.pm.url} {self.project}".encode()
        path = default_path(JobIdentity(engine.tenant, engine.account, self.parent, (source,)))
        return path.with_suffix(".archive")


def _name_requests(found: Inventory) -> Iterator[NameRequest]:
    for file in found.files:
        yield NameRequest(key=key(file), name=file.name, id=file.id)


def _write(workspace: Workspace, names: Names, found: Inventory) -> None:
    """Write the documents. Their names contain the task's id and not its name, which may change."""
    file_names = {each.id: names.given[key(each)] for each in found.files}
    workspace.write(names, "activities.jsonl", json_lines(found.activities))
    tasks = {each.id for each in found.tasks}
    rest = [each for each in found.activities if each.task_id not in tasks]
    workspace.write(names, "project.html", page(found.project, rest, people=found.people, names=file_names))
    for task in found.tasks:
        own = [each for each in found.activities if each.task_id == task.id]
        if own:
            text = page(task, own, people=found.people, names=file_names)
            workspace.write(names, safe(f"task {task.id}", task.id, ".html"), text)


def _missing(outcome: Outcome, folder: Path) -> NotFetched | None:
    """Return the failure of a fetched file that another program removed, perhaps before it was uploaded."""
    if isinstance(outcome, NotFetched) or (folder / outcome.name).is_file():
        return None
    error = CoreDataError(
        f"{folder / outcome.name} was removed by another program, perhaps before it was uploaded; the next "
        "run fetches it again"
    )
    return NotFetched(id=outcome.id, name=outcome.name, error=error)
