"""Shared lookups: one listing serves every blob that is searched in the same parent.

After an outage, hundreds of uploads may search for their File in the same folder. They wait for one listing
together; the next one begins only after a pause. N lost responses in a folder therefore cost about as many
listings as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from math import inf
from typing import Final

from attrs import define, evolve, field, frozen

from coredata_async.call import perform
from coredata_async.config import Retry
from coredata_async.errors import APIError, NotFoundError, UnexpectedResponseError
from coredata_async.listing import list_resource
from coredata_async.message import Send
from coredata_async.resources.files import FILES, File
from coredata_async.transfer.comparison import (
    LookupResult,
    Matcher,
    PendingLookup,
    Search,
    UndecidableError,
    blob_key,
    compare_names,
    match_by_bytes,
    may_be,
)
from coredata_async.transfer.steps import Stored
from coredata_async.walk import PageCursor
from coredata_async.wire import calls

AT_ONCE: Final = 8
"""Maximum number of concurrent listings. They share the API's limits with everything else."""
ENOUGH: Final = 1_000_000
"""Maximum number of Files in one listing: 5,000 requests."""
AHEAD: Final = 2
SKEW: Final = timedelta(minutes=5)
"""Assumed difference between the clocks that stamp a reservation and a File. Only early probes, which may
find a File but prove nothing, depend on it.
"""
PACE: Final = 4.0
"""Time from the beginning of one listing of a parent to the next, in durations of the first: lookups use a
quarter of one request slot.
"""
LINGER: Final = 0.1
"""Shortest pause between two listings of a parent, as a fraction of `Retry.probe_gap`. A listing for a proof
waits this long for more blobs.
"""
IDLE: Final = 256
"""Maximum number of parents without a current lookup whose pauses are remembered."""


@define(eq=False)
class _SearchState:
    """The blobs that wait for listings of the same search."""

    lock: asyncio.Lock = field(factory=asyncio.Lock)
    waiting: dict[PendingLookup, None] = field(factory=dict[PendingLookup, None])
    resumes: float = -inf
    """Time before which no further listing begins."""
    populated: bool = False


@define(eq=False)
class Lookup:
    """Searches for the Files of blobs; one listing serves all that wait for the same search.

    Memory: the waiting blobs, and one page for each of at most `AT_ONCE` listings.
    """

    send: Send
    policy: Retry
    sleep: Callable[[float], Awaitable[object]]
    clock: Callable[[], float]
    _width: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _searches: dict[Search, _SearchState] = field(factory=dict[Search, _SearchState], init=False)

    async def find(
        self,
        search: Search,
        stored: Stored,
        *,
        matcher: Matcher | None = None,
        proof: bool = False,
        witness: str | None = None,
    ) -> LookupResult:
        """Wait for a listing that begins after this call, and return its result for a blob.

        A listing that is already in progress may find the File, but cannot prove its absence.

        Args:
            search: The Files to list, without a filter by time.
            stored: The blob. If it has no name, because a File was created without one, `matcher` decides
                about each File with its size and digest.
            matcher: Decides about Files of which the server shows no blob name.
            proof: List everything. Otherwise only Files that were created since the blob was reserved may be
                listed, which is quicker and proves nothing.
            witness: Id of a File that is known to exist, so that a listing without it proves nothing.

        Raises:
            APIError: If the listing failed.
            UndecidableError: If a File may belong to this blob and this cannot be decided.
        """
        state = self._searches.get(search) or self._add(search)
        pending = PendingLookup(stored, matcher, proof, witness)
        state.waiting[pending] = None
        try:
            async with state.lock:
                if not pending.answered:
                    await self._serve(search, state, pending)
        finally:
            state.waiting.pop(pending, None)
        if pending.failure is not None:
            raise pending.failure
        assert pending.result is not None  # noqa: S101  # `_serve` answers every lookup that waits when it begins
        return pending.result

    def _add(self, search: Search) -> _SearchState:
        if len(self._searches) >= IDLE:
            now = self.clock()
            kept = {s: p for s, p in self._searches.items() if p.waiting or p.resumes > now}
            self._searches = kept
        return self._searches.setdefault(search, _SearchState())

    async def _serve(self, search: Search, state: _SearchState, pending: PendingLookup) -> None:
        """List a parent for all that wait for it. If this is cancelled, the next waiter takes over."""
        least = self.policy.probe_gap * LINGER
        linger = least if pending.proof else 0.0
        await self.sleep(max(linger, state.resumes - self.clock()))
        async with self._width:
            batch, began = list(state.waiting), self.clock()
            try:
                doubt = await self._list(search, state, batch)
            except (APIError, UndecidableError) as exc:
                least = 0.0
                for each in batch:
                    each.failure = exc
            else:
                late = [each for each in state.waiting if each.hits]
                for each in dict.fromkeys((*batch, *late)):
                    each.answer(began, doubt, populated=state.populated)
            finally:
                pause = min(PACE * (self.clock() - began), self.policy.settle)
                state.resumes = began + max(pause, least)

    async def _list(self, search: Search, state: _SearchState, batch: list[PendingLookup]) -> str | None:
        """Compare a listing with all waiting blobs; return the remaining doubt, or None."""
        proof = any(each.proof for each in batch)
        since = None if proof else _since(batch)
        listing = list_resource(self.send, FILES, evolve(search.where, created__gt=since), path=search.path)
        walk = listing.walk()
        for each in state.waiting:
            each.clear()
        try:
            async with aclosing(listing.pages(prefetch=AHEAD, walk=walk)) as pages:
                async for page in pages:
                    await self._compare(page.items, search, state)
                    if walk.found > ENOUGH:
                        raise UndecidableError(f"more than {ENOUGH} Files would have to be examined")
        except UnexpectedResponseError:
            if not walk.failure:
                raise
        return _incomplete_reason(walk) if since is None else "only the latest Files were listed"

    async def _compare(self, files: Iterable[File], search: Search, state: _SearchState) -> None:
        # Built for each page, because blobs may be added while the listing is read.
        blobs: dict[str, list[PendingLookup]] = {}
        for each in state.waiting:
            blobs.setdefault(blob_key(each.stored.blob), []).append(each)
        nameless = blobs.pop("", ())
        by_digest: dict[str, list[PendingLookup]] = {}
        for each in state.waiting:
            by_digest.setdefault(each.stored.md5, []).append(each)
        witnesses = {each.witness for each in state.waiting} - {None}
        for file in files:
            if file.id in witnesses:
                for each in state.waiting:
                    each.shows_witness = each.shows_witness or each.witness == file.id
            state.populated = state.populated or (file.parent != "" and file.parent == search.where.parent)
            full = file if file.blob_name is not None else await self._with_details(file, state)
            if full is not None and full.blob_name is not None:
                namesakes = blobs.get(blob_key(full.blob_name), ())
                compare_names(full, namesakes, by_digest.get((full.digest or "").lower(), ()))
            elif full is not None:
                await match_by_bytes(full, [each for each in state.waiting if each.stored.blob])
            await match_by_bytes(file, nameless)

    async def _with_details(self, file: File, state: _SearchState) -> File | None:
        """Read a File whose blob name the list does not show; return `None` if it differs from all blobs."""
        if not any(may_be(file, each.stored) for each in state.waiting if each.stored.blob):
            return None
        try:
            return await perform(self.send, calls.get(FILES, file.id))
        except NotFoundError:
            return None  # deleted since it was listed


def _since(batch: Iterable[PendingLookup]) -> datetime | None:
    """Return the time after which all Files were created, if the server's clocks are right."""
    times = [each.stored.since for each in batch]
    known = [time for time in times if time is not None]
    return min(known) - SKEW if len(known) == len(times) else None


def _incomplete_reason(walk: PageCursor[File]) -> str | None:
    doubt = walk.incomplete_reason
    return None if doubt is None else f"the listing proves nothing: {doubt}"


REMEMBERED: Final = 256
"""Maximum number of parents for which a witness is kept."""


@frozen
class Witness:
    """A File that the service has confirmed."""

    file_id: str
    at: float
    """Time of the confirmation."""


class Witnesses(dict[str, Witness]):
    """One File per parent: the first that was registered there, which a lag hides only briefly.

    A server may omit Files from its lists, and from their totals, that the caller may create and not see; or
    its lists may lag behind for longer than `Retry.settle`. Such a list looks complete.
    """

    def add(self, place: str, file_id: str, at: float) -> None:
        """Record a File, if the parent has no witness yet."""
        if place not in self:
            if len(self) >= REMEMBERED:
                del self[next(iter(self))]
            self[place] = Witness(file_id, at)

    def of(self, place: str, before: float) -> str | None:
        """Return the id of a File that was registered in a parent before a time, if one is known."""
        witness = self.get(place)
        return witness.file_id if witness is not None and witness.at <= before else None

    def discard(self, place: str) -> None:
        """Forget the File of a parent: it was deleted, or moved."""
        self.pop(place, None)
