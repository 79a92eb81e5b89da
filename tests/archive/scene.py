"""A 5pm project with files and notes, and a CoreData to copy it into."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import frozen

from coredata_async import CoreData, Retry
from coredata_async.archive import Archive, Archived
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.files import Attachment

AT_ONCE = Retry(base=0.01, cap=0.05, settle=0.05, probe_gap=0.02)
FILES = {"a.txt": b"first", "é b.bin": bytes(range(256)) * 3000, "empty": b""}


def digest(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


ALL = Counter(
    {
        ("a.txt", digest(b"first")): 1,
        ("é b.bin", digest(FILES["é b.bin"])): 1,
        ("empty", digest(b"")): 1,
        ("a (5pm 4).txt", digest(b"second")): 1,
    }
)
"""Expected Files for the project of `planted`."""
DOCUMENTS = {"activities.jsonl", "project.html", "task {task}.html"}


@frozen(kw_only=True)
class Scene:
    """Both services in one sandbox."""

    box: Any
    pm: FivePM
    client: CoreData
    place: Path

    async def planted(self) -> str:
        """Create a project with a task, notes and files on both, and return its id."""
        project = await self.pm.projects.add(name="Úttekt")
        task = await self.pm.tasks.add(name="Telja", project_id=project.id)
        await self.noted(FILES, project_id=project.id)
        await self.noted({"a.txt": b"second"}, task_id=task.id)
        return project.id

    async def noted(self, files: dict[str, bytes], **where: str) -> None:
        """Post a note with files to a project or a task."""
        note = await self.pm.activity.add(type="msg", text="sjá viðhengi", **where)
        await self.pm.activity.attach(
            note.id, [Attachment(source=data, name=name) for name, data in files.items()]
        )

    def archive(self, project: str, **options: Any) -> Archive:
        return Archive(
            pm=self.pm,
            client=self.client,
            project=project,
            parent=self.box.project,
            directory=self.place,
            **options,
        )

    async def archived(self, project: str, **options: Any) -> Archived:
        return await self.archive(project, **options).run()

    async def copies(self) -> Counter[tuple[str, str]]:
        """Count name and digest of every File, without the documents."""
        files = await self.client.projects.files(self.box.project).collect()
        found = Counter((each.filename, each.digest) for each in files)
        return Counter({each: n for each, n in found.items() if not _is_document(each[0])})

    async def documents(self) -> dict[str, bytes]:
        """Return the documents by name; each must exist once."""
        files = await self.client.projects.files(self.box.project).collect()
        found: dict[str, bytes] = {}
        for each in files:
            if _is_document(each.filename):
                assert each.filename not in found
                async with self.client.files.download(each.id) as body:
                    found[each.filename] = await body.read()
        return found

    def sent(self) -> Counter[str]:
        """Return the number of requests per operation so far."""
        return Counter(each.operation for each in self.box.state.requests)


def _is_document(name: str) -> bool:
    return name.endswith((".jsonl", ".html"))
