"""Scratch folder for experiments, below the parent: everything created there is deleted in every case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from attrs import define, evolve, field, frozen

from coredata_async.call import perform
from coredata_async.doctor.probes.reading import FILES
from coredata_async.doctor.target import Envelope, Fields, Target
from coredata_async.errors import APIError, CoreDataError, OutcomeUnknownError, UnexpectedResponseError
from coredata_async.message import Reply, Request
from coredata_async.resources.containers import FOLDERS, NewFolder
from coredata_async.response_table import Classification, classify_reply
from coredata_async.storage.dialects import refusal
from coredata_async.wire import calls
from coredata_async.wire.blobs import reserve
from coredata_async.wire.calls import JSON_HEADERS
from coredata_async.wire.files import NewFile, register
from coredata_async.wire.resource import segment

PLAIN: Final = "text/plain"
PATIENCE: Final = 30.0
"""Timeout for the deletions, in seconds."""


@frozen
class Put:
    """Blob, and the storage's response to its bytes."""

    blob: str
    reply: Reply

    @property
    def stored(self) -> bool:
        """True if the bytes were stored."""
        return HTTPStatus.OK <= self.reply.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def description(self) -> str:
        """Status, and the storage's code: never its whole response, which may repeat what was signed."""
        return f"{self.reply.status} {'' if self.stored else refusal(self.reply).code}".rstrip()


@frozen(kw_only=True)
class Sample:
    """Successful upload, and its representation in lists."""

    data: bytes
    put: Put
    file_id: str
    filename: str
    detail: Fields
    listed: Fields | None
    """File in the list; `None` if it did not appear within ten seconds."""
    lag: float
    """Seconds until it appeared."""


@define(eq=False, kw_only=True)
class ScratchFolder:
    """Scratch folder, and everything that must be deleted."""

    target: Target
    parent: str
    folder: str | None = None
    """Id of a Folder of our own, if it could be created; it contains nothing else."""
    unavailable_reason: str = ""
    inside: str = ""
    """Parent in the Files here, once it is known: for a Project, it is another id."""
    files: dict[str, str] = field(factory=dict[str, str])
    """Ids and names of the existing Files."""
    lost: list[str] = field(factory=list[str])
    """Names of Files that may exist, because the response was lost."""
    left: list[str] = field(factory=list[str])
    """Objects that could not be deleted."""
    sample: Sample | None = None
    folder_lost: bool = False
    """True if the Folder may exist, because the response was lost."""
    _count: int = 0

    @property
    def title(self) -> str:
        """Beginning of every title."""
        return f"coredata-doctor-{self.target.token}"

    def data(self) -> bytes:
        """Return bytes that exist nowhere else."""
        self._count += 1
        return f"{self.title} {self._count:04}\n".encode()

    async def open(self) -> None:
        """Create a Folder for the experiments; without one, use the parent itself."""
        new = NewFolder(title=self.title, parent=self.parent)
        self.inside, self.folder_lost = self.parent, True
        try:
            self.folder = self.inside = await perform(self.target.engine.api, calls.create(FOLDERS.path, new))
            self.folder_lost = False
        except (OutcomeUnknownError, UnexpectedResponseError) as exc:
            self.unavailable_reason = str(exc)
        except APIError as exc:
            self.unavailable_reason, self.folder_lost = str(exc), False

    async def put(
        self,
        data: bytes,
        *,
        declared: int | None = None,
        content_type: str | None = PLAIN,
        headers: Mapping[str, str] | None = None,
    ) -> Put:
        """Reserve a blob, and send its bytes; `headers` replace the declared Content-Type."""
        blob, url = await self.reserve(len(data) if declared is None else declared, content_type)
        own = {} if content_type is None else {"Content-Type": content_type}
        return Put(blob, await self.send_bytes(url, data, own if headers is None else headers))

    async def reserve(self, length: int, content_type: str | None = PLAIN) -> tuple[str, str]:
        """Reserve a blob; the URL is a secret."""
        place = await perform(self.target.engine.api, reserve(length, content_type))
        return place.blob_name, place.put_url

    async def send_bytes(self, url: str, data: bytes, headers: Mapping[str, str]) -> Reply:
        """Send bytes to a signed URL."""
        return await self.target.engine.storage(Request("PUT", url, headers, data))

    async def register(self, blob: str, *, filename: str, title: str, sync: bool = False) -> Reply:
        """Register a File for a blob, and return the response, whatever its status."""
        new = NewFile(filename=filename, title=title, parent=self.folder or self.parent)
        call = register(new, blob)
        request = evolve(call.request, target=f"{FILES}?sync=true") if sync else call.request
        self.lost.append(filename)
        reply = await self.target.engine.api(request)
        if reply.status == HTTPStatus.CREATED:
            self.files[call.answer(reply)] = filename
        if classify_reply(request, reply, HTTPStatus.CREATED) is not Classification.UNKNOWN:
            self.lost.remove(filename)
        return reply

    async def make_file(self, *, filename: str, title: str, sync: bool = False) -> str:
        """Store bytes, register a File for them, and return its id.

        Raises:
            APIError: If the registration was refused.
            ValueError: If the storage refused the bytes.
        """
        put = await self.put(self.data())
        if not put.stored:
            raise ValueError(f"the storage refused: {put.description}")
        reply = await self.register(put.blob, filename=filename, title=title, sync=sync)
        return self.id_of(put.blob, reply)

    def id_of(self, blob: str, reply: Reply) -> str:
        """Return the id in the response to a registration."""
        new = NewFile(filename="x", title="x", parent=self.parent)
        return register(new, blob).answer(reply)

    async def detail(self, file_id: str) -> Fields:
        """Read one File, undecoded."""
        return await self.target.object(f"{FILES}{segment(file_id)}/")

    async def list_titled(self, title: str) -> Envelope:
        """List the Files of one title in this folder."""
        return await self.target.page(FILES, parent=self.inside, title=title)

    async def delete(self, file_id: str) -> bool:
        """Delete a File; a missing one counts as deleted."""
        reply = await self.target.engine.api(Request("DELETE", f"{FILES}{segment(file_id)}/", JSON_HEADERS))
        gone = reply.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}
        if gone:
            self.files.pop(file_id, None)
        return gone


@asynccontextmanager
async def scratch(
    server: Target, parent: str, warn: Callable[[str], object]
) -> AsyncGenerator[ScratchFolder, None]:
    """Open a scratch folder below the parent, and delete it at the end, also after a failure or Ctrl-C."""
    place = ScratchFolder(target=server, parent=parent)
    try:
        await place.open()
        yield place
    finally:
        try:
            await _to_the_end(clean(place))
        finally:
            for each in place.left:
                warn(f"left behind, because it could not be deleted: {each}")


async def _to_the_end(cleaning: Coroutine[object, object, None]) -> None:
    """Continue the cleanup if the first Ctrl-C comes during it; the second ends it."""
    task = asyncio.ensure_future(cleaning)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def clean(place: ScratchFolder) -> None:
    """Delete everything, and list what is left, also if this is interrupted."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await _empty(place)
    finally:
        place.left = [f"File {file_id} ({name})" for file_id, name in place.files.items()]
        place.left += [f"perhaps a File {name} in {place.inside}" for name in place.lost]
        if place.folder:
            place.left.append(f"Folder {place.folder} ({place.title})")
        if place.folder_lost:
            place.left.append(f"perhaps a Folder {place.title} in {place.parent}")


async def _empty(place: ScratchFolder) -> None:
    for wait in (0.0, 1.0) if place.lost else ():  # an interrupted request may still be carried out
        await place.target.sleep(wait)
        await _find_leftovers(place)
    for file_id in list(place.files):
        with suppress(CoreDataError):
            await place.delete(file_id)
    with suppress(CoreDataError, ValueError):
        await _remove_folder(place)


async def _find_leftovers(place: ScratchFolder) -> None:
    """Find objects that were created although the response was lost."""
    wanted = {"parent": place.inside} if place.folder else {"title__startswith": place.title}
    with suppress(CoreDataError, ValueError):
        page = await place.target.page(FILES, limit="100", **wanted)
        found = {str(each["id"]): str(each.get("filename")) for each in page.objects if _is_ours(place, each)}
        place.lost = [name for name in place.lost if name not in found.values()]
        place.files.update(found)


def _is_ours(place: ScratchFolder, file: Fields) -> bool:
    """Return whether this run created a File: a filter may have been ignored, and the File is deleted."""
    return place.target.token in f"{file.get('title')} {file.get('filename')}" and bool(file.get("id"))


async def _remove_folder(place: ScratchFolder) -> None:
    """Delete the Folder as any document can be deleted: seen in 2014 only, and possibly not offered.

    The Folder is read first, because the documents in it are deleted with it, and the id comes from the
    server.
    """
    if place.folder is None or place.files:
        return
    target = f"/api/v2/docs/{segment(place.folder)}/"
    if (await place.target.object(target)).get("title") != place.title:
        return
    reply = await place.target.engine.api(Request("DELETE", target, JSON_HEADERS))
    if reply.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        place.folder = None
