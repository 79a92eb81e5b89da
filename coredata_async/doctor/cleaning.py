"""Removal of the scratch folder, in every case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from coredata_async.doctor.probes.lists import FILES
from coredata_async.doctor.scratch import ScratchFolder
from coredata_async.doctor.target import Fields, Target
from coredata_async.errors import CoreDataError
from coredata_async.message import Request
from coredata_async.wire.calls import JSON_HEADERS
from coredata_async.wire.lookups import segment

PATIENCE: Final = 30.0
"""Timeout for the deletions, in seconds."""


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
