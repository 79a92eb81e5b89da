"""Finding out whether a File was registered when the response was lost.

The blob name is the key: the server made it, and it is used for one PUT only. "Not found" counts only if a
registration can no longer be in flight inside the server, and if two complete listings show it, because a
listing may lag behind. A listing that fails, is incomplete, or is filtered by time is never taken for "not
found".
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

from attrs import Factory, define, field, frozen

from coredata_async.call import perform
from coredata_async.config import Retry
from coredata_async.control_characters import escape_controls
from coredata_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RegistrationUncertainError,
    UnexpectedResponseError,
)
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.resources.files import FILES, FileWhere
from coredata_async.resources.projects import PROJECTS
from coredata_async.transfer.comparison import LookupResult, Matcher, UndecidableError
from coredata_async.transfer.lookup import Lookup, Search
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.transfer.witnesses import Witnesses
from coredata_async.wire import calls
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")

PAGE: Final = 200
"""Files per page."""
LONGEST: Final = 30
"""Number of characters of a title to search for, because the server may have cut or changed the rest."""
PROOFS: Final = 2
"""Number of complete listings without a File that prove its absence."""
MAX_INCOMPLETE: Final = 3
"""Number of incomplete listings after which it stays open."""
MAX_FUTILE: Final = 20
"""Number of early looks in a row that find nothing, after which most blobs are not looked for early."""
SAMPLE: Final = 10
"""Then one blob of so many is."""

_SAFE: Final = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")


def probe_schedule(policy: Retry) -> tuple[float, ...]:
    """Return when to look for something, in seconds since the response was lost.

    Only the last two can prove that it is absent. The first two find most: what a list shows at once, and
    what it shows when it has caught up.
    """
    return (*early_probe_schedule(policy), policy.settle, policy.settle + policy.probe_gap)


def early_probe_schedule(policy: Retry) -> tuple[float, ...]:
    """Give the times of the first looks: all that are needed when no request can be in flight any more."""
    return (0.0, policy.probe_gap) if policy.probe_gap < policy.settle else (0.0,)


@frozen
class Parent:
    """The place where a File was to be registered."""

    id: str
    kind: Literal["project", "folder", "unknown"] = "unknown"
    """`unknown` costs one or two further listings while no File is listed in it."""


@frozen(kw_only=True)
class ProbeRequest:
    """A blob whose File is looked for."""

    stored: Stored
    new: NewFile
    parent: Parent
    matcher: Matcher | None = None
    patience: int = 1
    """Number of failed listings in a row after which the error is raised."""
    in_flight: bool = True
    """The registration may still be in flight. If it was refused, its absence is proved without waiting."""


@define(eq=False)
class EarlyProbes:
    """A record of what the looks before `Retry.settle` found.

    They prove nothing; they only find sooner what is there. If a server turns away many registrations and
    carries out none of them, they are without success, and are left out for all but a few blobs.
    """

    _futile: int = 0
    """Looks in a row that found nothing."""
    _probes: int = 0

    def are_worthwhile(self) -> bool:
        """Tell if the next blob is to be looked for early."""
        self._probes += 1
        return self._futile < MAX_FUTILE or self._probes % SAMPLE == 0

    def learn(self, *, found: bool) -> None:
        """Take note of one look."""
        self._futile = 0 if found else self._futile + 1


@frozen
class RegistrationProbe:
    """Looks for the Files of blobs. All that look in the same place at the same time share one listing."""

    send: Send
    policy: Retry
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    observe: Observe = unobserved
    _lookup: Lookup = field(
        init=False,
        repr=False,
        default=Factory(lambda self: Lookup(self.send, self.policy, self.sleep, self.clock), takes_self=True),
    )

    _early: EarlyProbes = field(init=False, repr=False, factory=EarlyProbes)
    witnesses: Witnesses = field(init=False, repr=False, factory=Witnesses)
    """Files that the service has confirmed: a listing that does not show them proves nothing."""

    async def settle(self, unsettled: Unsettled, new: NewFile, lost_at: float) -> Registered | Stored:
        """Return Registered if a File is found, else Stored, so that registering again is safe.

        Raises:
            RegistrationUncertainError: If a listing failed or was incomplete, or showed what may be the File.
        """
        try:
            wanted = ProbeRequest(stored=unsettled.stored, new=new, parent=Parent(new.parent))
            return await self.find(wanted, lost_at) or unsettled.stored
        except APIError as exc:
            raise uncertain(unsettled, new, f"looking for it failed: {exc}") from exc
        except UndecidableError as exc:
            raise uncertain(unsettled, new, str(exc), exc.candidates) from None

    async def find(self, wanted: ProbeRequest, lost_at: float) -> Registered | None:
        """Look for a File until it is found, or its absence is proved.

        Looks at once and after `Retry.probe_gap` seconds, among the latest Files, as long as such looks find
        anything. Then, when `Retry.settle`
        seconds have passed since the response was lost, it reads complete listings of the place, `probe_gap`
        apart: two without the File prove that it does not exist. If no registration can be in flight, it
        reads these at once. A listing that does not show another File of the same place, which was registered
        `settle` seconds before and still exists, proves nothing.

        Raises:
            APIError: If a listing failed, `Wanted.patience` times in a row.
            UndecidableError: If a File may be the one and nothing can decide it, or listings stay incomplete.
        """
        with self.observe("settle") as operation:
            found = await self._find(wanted, lost_at)
            operation.outcome = "absent" if found is None else "done"
        return found

    async def _find(self, wanted: ProbeRequest, lost_at: float) -> Registered | None:
        if wanted.in_flight and self._early.are_worthwhile():
            for due in early_probe_schedule(self.policy):
                await self._wait_until(lost_at + due)
                look = await self._probe(wanted, proof=False)
                self._early.learn(found=bool(look.hits))
                if look.hits:
                    return _registration(wanted, look)
        due, absent, doubts = lost_at, 0, 0
        if wanted.in_flight:
            due += self.policy.settle
        while absent < PROOFS:
            await self._wait_until(due)
            look = await self._probe(wanted, proof=True)
            if look.hits:
                return _registration(wanted, look)
            doubt = look.incomplete_reason or await self._missing_witness(wanted.parent, look)
            if doubt is None:
                absent += 1
            elif (doubts := doubts + 1) == MAX_INCOMPLETE:
                raise UndecidableError(f"{doubt} ({MAX_INCOMPLETE} times)")
            due = look.began + self.policy.probe_gap
        return None

    async def look_once(self, wanted: ProbeRequest) -> Registered | None:
        """Read one complete listing, and return the File if it is there.

        Raises:
            APIError: If the listing failed. UndecidableError: If the listing is incomplete, or a File may be
            the one and nothing can decide it.
        """
        look = await self._probe(wanted, proof=True)
        if look.hits:
            return _registration(wanted, look)
        if look.incomplete_reason is not None:
            raise UndecidableError(look.incomplete_reason)
        return None

    async def _wait_until(self, due: float) -> None:
        await self.sleep(max(0.0, due - self.clock()))

    def _witness(self, parent: Parent) -> str | None:
        return self.witnesses.of(parent.id, self.clock() - self.policy.settle)

    async def _missing_witness(self, parent: Parent, look: LookupResult) -> str | None:
        """Give the reason why a listing proves nothing that did not show a File that was there."""
        witness = self._witness(parent)
        if look.shows_witness or witness is None:
            return None
        try:
            file = await perform(self.send, calls.get(FILES, witness))
        except NotFoundError:
            gone = True
        else:  # what a project holds shows its workspace as its parent
            gone = parent.kind == "folder" and file.parent != parent.id
        if gone:
            self.witnesses.discard(parent.id)
            return None
        return f"the list of Files in {parent.id} does not show File {witness}, which is there"

    async def _probe(self, wanted: ProbeRequest, *, proof: bool) -> LookupResult:
        """Look once. A look that fails says nothing, so it is repeated."""
        for failures in range(1, wanted.patience + 1):
            try:
                return await self._probe_parent(wanted, proof=proof)
            except APIError as exc:
                if failures == wanted.patience or isinstance(exc, AuthenticationError):
                    raise
                await self.sleep(self.policy.base * 2.0**failures)
        raise AssertionError  # the last failure was raised

    async def _probe_parent(self, wanted: ProbeRequest, *, proof: bool) -> LookupResult:
        parent = wanted.parent
        witness = self._witness(parent) if proof else None

        async def look(search: Search, witness: str | None = None) -> LookupResult:
            return await self._lookup.find(
                search,
                wanted.stored,
                judge=wanted.matcher,
                proof=proof,
                witness=witness,
            )

        if parent.kind == "project":
            return await look(project_search(parent.id), witness)
        found = await look(folder_search(parent.id), witness)
        if found.hits or found.populated or parent.kind == "folder":
            return found
        # Nothing is listed there: the folder is empty, or the parent is of a kind by which the list of Files
        # cannot be filtered, as a project. Then it proves nothing.
        title = title_search(wanted.new.title)
        try:
            return await look(project_search(parent.id), witness)
        except NotFoundError:
            return found if title is None else await look(title)
        except (BadRequestError, PermissionDeniedError, UnexpectedResponseError):
            if title is None:
                raise
            return await look(title)


def project_search(project: str) -> Search:
    """Return the search for all Files of a project, whose parent is not the project but its workspace."""
    return Search(FileWhere(page_size=PAGE), f"{PROJECTS.object_path(project)}files/")


def folder_search(folder: str) -> Search:
    """Return the search for all Files directly in a folder."""
    return Search(FileWhere(parent=folder, page_size=PAGE))


def title_search(title: str) -> Search | None:
    """Return the search for all Files whose title begins alike, or `None` if that cannot be searched for.

    Servers trim, cut and normalise titles. The first plain words are what none of them changes.
    """
    found = _SAFE.match(title[:LONGEST])
    if not found:
        return None
    # The last character may melt into an accent that follows it.
    beginning = found[0] if found.end() == len(title) else found[0][:-1]
    return Search(FileWhere(title__startswith=beginning, page_size=PAGE)) if beginning else None


def _registration(wanted: ProbeRequest, look: LookupResult) -> Registered:
    oldest, *others = sorted(look.hits, key=lambda hit: (str(hit.created), hit.id))
    log.info("registered after all: %s as %s", escape_controls(wanted.new.filename), oldest.id)
    if others:
        ids = [hit.id for hit in look.hits]
        blob = escape_controls(wanted.stored.blob)
        log.warning("blob %s is registered more than once: %s", blob, ids)
    return Registered(wanted.stored, oldest.id, tuple(other.id for other in others))


def uncertain(
    unsettled: Unsettled, new: NewFile, reason: str, candidates: Sequence[str] = ()
) -> RegistrationUncertainError:
    """The error for a registration that stays open."""
    stored = unsettled.stored
    ids = f" Candidates: {', '.join(candidates)}." if candidates else ""
    return RegistrationUncertainError(
        f"{new.filename}: whether the File was registered is not known ({unsettled.reason}), and {reason}. "
        f"Its bytes are stored as blob {stored.blob}; look for that blob name, or the title "
        f"{new.title!r}, before uploading it again.{ids}",
        stored.request(new),
        blob_name=stored.blob,
        candidates=candidates,
        total=stored.plan.size,
    )
