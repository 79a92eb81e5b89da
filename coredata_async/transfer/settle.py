"""Finding out whether a File was registered when the answer was lost.

The blob name is the key: the server made it, and it is used for one PUT only. "Not found" counts only
when a registration can no longer be under way inside the server, and when it is seen twice, because a
listing may lag behind. A listing that fails or does not end is never taken for "not found".
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from attrs import frozen

from coredata_async.call import perform
from coredata_async.config import Retry
from coredata_async.control_characters import escape_controls
from coredata_async.errors import APIError, NotFoundError, RegistrationUncertainError
from coredata_async.listing import listed
from coredata_async.message import Send
from coredata_async.resources.files import FILES, File, FileWhere
from coredata_async.resources.projects import PROJECTS
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.wire import calls
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")

ENOUGH: Final = 50_000
"""More candidates than this are not looked through."""
SKEW: Final = timedelta(minutes=5)
"""How far the clocks of gateway and application may be apart."""

PAGE: Final = 200
"""Files per page, where there may be many."""
LONGEST: Final = 30
"""How much of a title is searched for when the server may have cut or changed it."""

_SAFE: Final = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")


Judge = Callable[[File], Awaitable[bool]]
"""Decides about a File that nothing but its blob name could tell; raises `UndecidableError` if it cannot."""


def looks(policy: Retry) -> tuple[float, ...]:
    """When to look for a File, in seconds since the answer was lost.

    Only the last two can prove that it is absent. The first two find most: what a list shows at once, and
    what it shows when it has caught up.
    """
    return (*early_looks(policy), policy.settle, policy.settle + policy.probe_gap)


def early_looks(policy: Retry) -> tuple[float, ...]:
    """Give the times of the first looks: all that are needed when no request can be under way any more."""
    return (0.0, policy.probe_gap) if policy.probe_gap < policy.settle else (0.0,)


@frozen
class Settler:
    """Looks for the File of a blob."""

    send: Send
    policy: Retry
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def settle(self, unsettled: Unsettled, new: NewFile, lost_at: float) -> Registered | Stored:
        """Registered, if a File is found; else stored, so that registering again is safe.

        At once, after `Retry.probe_gap` seconds, again when `Retry.settle` seconds have passed since the
        answer was lost, and a last time `Retry.probe_gap` seconds later.

        Raises:
            RegistrationUncertainError: The looking itself failed, or showed what may be the File.
        """
        for due in looks(self.policy):
            await self.sleep(max(0.0, lost_at + due - self.clock()))
            try:
                found = await self.probe(unsettled.stored, new)
            except APIError as exc:
                raise uncertain(unsettled, new, f"looking for it failed: {exc}") from exc
            except UndecidableError as exc:
                raise uncertain(unsettled, new, str(exc), exc.candidates) from None
            if found is not None:
                return found
        return unsettled.stored

    async def probe(self, stored: Stored, new: NewFile, judge: Judge | None = None) -> Registered | None:
        """Look once.

        Args:
            stored: Whose blob to look for.
            new: What it was to be called.
            judge: Asked about a File that may be it where the server shows no blob names.

        Raises:
            APIError: A listing failed, or did not end: it says nothing.
            UndecidableError: A File may be the one, and nobody can tell.
        """
        for search in searches(new, stored):
            try:
                found = await self._found(search, stored, judge)
            except NotFoundError:
                if search.path is None:
                    raise
                continue  # the parent is no Project
            if found is not None:
                log.info("registered after all: %s as %s", escape_controls(new.filename), found.file_id)
                return found
        return None

    async def _found(self, search: Search, stored: Stored, judge: Judge | None) -> Registered | None:
        hits: list[File] = []
        looked = 0
        async with aclosing(aiter(listed(self.send, FILES, search.where, path=search.path))) as files:
            async for file in files:
                looked += 1
                if looked > ENOUGH:
                    raise UndecidableError(f"more than {ENOUGH} files match")
                if await self._is_of(file, stored, judge):
                    hits.append(file)
        if not hits:
            return None
        oldest, *others = sorted(hits, key=lambda hit: (str(hit.created), hit.id))
        if others:
            ids = [hit.id for hit in hits]
            log.warning("blob %s is registered more than once: %s", escape_controls(stored.blob), ids)
        return Registered(stored, oldest.id, tuple(other.id for other in others))

    async def _is_of(self, file: File, stored: Stored, judge: Judge | None) -> bool:
        if file.blob_name is None and may_be(file, stored):  # some listings leave it out
            file = await perform(self.send, calls.get(FILES, file.id))  # the same, in full
            if file.blob_name is None and may_be(file, stored):
                if judge is not None:
                    return await judge(file)
                raise UndecidableError("the server shows no blob names, by which to tell it", (file.id,))
        return file.blob_name == stored.blob


class UndecidableError(Exception):
    """What the server shows neither proves nor disproves that there is a File."""

    def __init__(self, why: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.candidates = candidates


@frozen
class Search:
    """Where to look for a File."""

    where: FileWhere
    path: str | None = None
    """Of another list than that of all Files."""


def searches(new: NewFile, stored: Stored) -> list[Search]:
    """Where to look, the narrowest first.

    All but the first together must find the File even if the server trims, cuts or normalises titles: by its
    first plain words, and the time since when it can exist. A title without any is looked for where it was
    put: by parent and, since for a file in a project the server shows the workspace and not the project, in
    the list of the project, if it is one.
    """
    since = stored.since - SKEW if stored.since else None
    narrow = Search(FileWhere(title=new.title, created__gt=since))
    if beginning := _beginning(new.title):
        return [narrow, Search(FileWhere(title__startswith=beginning, created__gt=since, page_size=PAGE))]
    return [
        narrow,
        Search(FileWhere(parent=new.parent, created__gt=since, page_size=PAGE)),
        Search(FileWhere(created__gt=since, page_size=PAGE), f"{PROJECTS.place(new.parent)}files/"),
    ]


def uncertain(
    unsettled: Unsettled, new: NewFile, why: str, candidates: Sequence[str] = ()
) -> RegistrationUncertainError:
    """The error for a registration that stays open."""
    stored = unsettled.stored
    ids = f" Candidates: {', '.join(candidates)}." if candidates else ""
    return RegistrationUncertainError(
        f"{new.filename}: whether the File was registered is not known ({unsettled.why}), and {why}. "
        f"Its bytes are stored as blob {stored.blob}; look for that blob name, or the title "
        f"{new.title!r}, before uploading it again.{ids}",
        stored.request(new),
        blob_name=stored.blob,
        candidates=candidates,
        total=stored.plan.size,
    )


def may_be(file: File, stored: Stored) -> bool:
    """Whether nothing speaks against it: an unknown digest or size does not."""
    same = not file.digest or file.digest.lower() == stored.md5
    return same and file.size in {None, 0, stored.plan.size}  # servers of 2014 knew no sizes and said 0


def _beginning(title: str) -> str | None:
    """As much of a title as no server changes; `None` if nothing is safe."""
    found = _SAFE.match(title[:LONGEST])
    if not found:
        return None
    # The last character may melt into an accent that follows it.
    return (found[0] if found.end() == len(title) else found[0][:-1]) or None
