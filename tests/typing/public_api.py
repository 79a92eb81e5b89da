"""The public surface as type checkers see it: never run, checked by mypy and pyright in `.ci/run`.

A line with an `ignore` must be an error: strict mode complains of an ignore that is not needed.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

from coredata_async import (
    Changes,
    CoreData,
    Download,
    Failed,
    File,
    Limits,
    Page,
    Project,
    Replaced,
    Retry,
    Space,
    Timeouts,
    Unknown,
    Upload,
    Uploaded,
)
from coredata_async.archive import Archive
from coredata_async.bulk import Compared, Report, UploadJob, check
from coredata_async.doctor import Finding, examine
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.models.work_items import Task
from coredata_async.resources.users import User

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


async def verbs(client: CoreData) -> None:
    """Every verb has the keywords of its noun, and gives its model."""
    assert_type(await client.projects.get("id"), Project)
    assert_type(await client.projects.create(space="id", title="Board", tags=["a"]), str)
    assert_type(await client.projects.update("id", title="Board", description=None), None)
    assert_type(await client.files.list(page_size=100, modified__gt=SINCE), Page[File])
    assert_type(await client.files.list(created__range=(SINCE, SINCE)).collect(limit=5), list[File])
    assert_type(await client.projects.files("id").first(), File | None)
    assert_type(await client.me(), User)

    project, file = await client.projects.get("id"), await client.files.get("id")
    await client.projects.create(space=Space(id="id"), title="Board")
    await client.projects.update(project, title="Board", space=Space(id="id"))
    await client.projects.add_contact(project, "id")
    await client.files.update(file, parent=project)
    await client.files.move(file, parent=project)
    await client.files.delete(file)
    assert_type(await client.files.upload("report.pdf", parent=project), Uploaded)
    assert_type(await client.files.replace(file, b"new", spool=True), Replaced)
    assert_type(client.files.download(file), Download)
    assert_type(await client.files.list(parent=project, modified__gt=timedelta(days=7)), Page[File])
    assert_type(await client.projects.files(project).first(), File | None)
    await client.projects.get(7)  # type: ignore[arg-type]
    await client.files.move(file, parent=None)  # type: ignore[arg-type]

    await client.projects.create(title="Board")  # type: ignore[call-arg]
    await client.projects.update("id", titel="x")  # type: ignore[call-arg]
    await client.files.list(titel="x")  # type: ignore[call-arg]
    await client.files.list(modified__gt="2026")  # type: ignore[arg-type]
    client.users.delete("leia")  # type: ignore[attr-defined]


class UploadFile:
    """As Starlette's."""

    async def read(self, size: int = -1) -> bytes:
        """Give bytes."""
        return b""[:size]


class BodyPartReader:
    """As aiohttp's, whose `read` takes no size."""

    async def read(self, *, decode: bool = False) -> bytes:
        """Give all bytes."""
        return b"" if decode else b"x"

    async def read_chunk(self, size: int = 8192) -> bytes:
        """Give bytes."""
        return b""[:size]


async def fivepm(client: FivePM) -> None:
    """The second client takes objects in place of ids, too."""
    task = await client.tasks.get("1")
    assert_type(await client.tasks.update(task, name="x", project_id=await client.projects.get("2")), Task)
    await client.tasks.remove(task)
    await client.tasks.get(1.5)  # type: ignore[arg-type]


async def files(
    client: CoreData, chunks: AsyncIterator[bytes], upload_file: UploadFile, part: BodyPartReader
) -> None:
    """Sources of every kind, and what becomes of them."""
    assert_type(await client.files.upload("report.pdf", parent="id"), Uploaded)
    await client.files.upload(Path("report.pdf"), parent="id", via="api", tags=["a"])
    contact = await client.contacts.get("id")
    await client.files.upload("report.pdf", parent="id", dynatype="Memo", contacts=[contact, "id"])
    await client.files.upload("report.pdf", parent="id", contacts=[1])  # type: ignore[list-item]
    client.files.steps.new_file(parent=contact, filename="a", contacts=[contact])
    await client.files.upload(chunks, parent="id", filename="a", size=3)
    with Path("a").open("rb") as file:  # noqa: ASYNC230  # never run
        await client.files.upload(file, parent="id")
    assert_type(await client.files.replace("id", b"new", snapshot_id="s"), Replaced)

    await client.files.upload(upload_file, parent="id", spool="auto")
    await client.files.upload(part, parent="id", filename="a", size=3, spool=False)

    await client.files.upload("report.pdf", parent="id", spool="no")  # type: ignore[arg-type]
    await client.files.upload("report.pdf")  # type: ignore[call-arg]
    await client.files.upload(1, parent="id")  # type: ignore[arg-type]

    async with client.files.download("id", offset=1, length=2) as content:
        assert_type(await content.read(), bytes)
        assert_type(await content.save("out", resume=True, overwrite=False), Path)
        assert_type(await content.save_into("copies", resume=True), Path)
        async for block in content:
            assert_type(block, bytes)


async def many(client: CoreData) -> None:
    """An outcome is one of three, and a checker knows when all are distinguished."""
    async with client.files.upload_many(["a", Upload(source=b"b", filename="b")], parent="id") as outcomes:
        async for outcome in outcomes:
            match outcome:
                case Uploaded(file_id=file_id):
                    assert_type(file_id, str)
                case Failed(error=error):
                    assert_type(error, Exception)
                case Unknown():
                    pass


async def trees(client: CoreData, pm: FivePM) -> None:
    """Jobs and comparisons take the parent as an object, too."""
    project = await client.projects.get("id")
    assert_type(await UploadJob(client, sources=["photos"], parent=project).run(), Report)
    UploadJob(client, Path("photos"), parent="id")
    UploadJob(client, ["photos"], parent=7)  # type: ignore[arg-type]
    async for compared in check(client, ["photos"], parent=project):
        assert_type(compared, Compared)
    Archive(pm=pm, client=client, project=await pm.projects.get("1"), parent=project)
    async for finding in examine(client, project):
        assert_type(finding, Finding)


async def the_rest(client: CoreData) -> None:
    """Options, copies, and what is new."""
    slow = client.with_options(timeouts=Timeouts(response=300), retry=Retry.none())
    assert_type(slow, CoreData)
    CoreData("https://acme.coredata.is", api_user="u", api_key="k", limits=Limits(rate=5))
    async for project in Changes(slow.projects.list):
        assert_type(project, Project)
