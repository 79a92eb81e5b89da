"""Probes for a File after its registration had an ambiguous outcome.

The blob name is the key: the server created it, and it is used for one PUT only. "Not found" counts only if a
registration can no longer be in flight inside the server, and if two complete listings show it, because a
listing may lag behind. A listing that fails, is incomplete, or is filtered by time never counts as "not
found".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

from attrs import Factory, define, field, frozen

from coredata_async.call import perform
from coredata_async.config import Retry
from coredata_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RegistrationUncertainError,
    UnexpectedResponseError,
)
from coredata_async.escapes import escape_controls
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.resources.files import FILES
from coredata_async.transfer.comparison import LookupResult, Matcher, Search, UndecidableError
from coredata_async.transfer.lookup import Lookup, Witnesses
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.wire import calls
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")

PROOFS: Final = 2
"""Number of complete listings without a File that prove its absence."""
MAX_INCOMPLETE: Final = 3
"""Number of incomplete listings after which the outcome stays open."""
MAX_FUTILE: Final = 20
"""Number of consecutive unsuccessful early probes, after which most blobs are not probed early."""
SAMPLE: Final = 10
"""After that, one blob of this many is probed early."""


def probe_schedule(policy: Retry) -> tuple[float, ...]:
    """Return the times of the probes, in seconds since the response was lost.

    Only the last two can prove that a File is absent. The first two find most Files: those that a list shows
    at once, and those that it shows after catching up.
    """
    return (*early_probe_schedule(policy), policy.settle, policy.settle + policy.probe_gap)


def early_probe_schedule(policy: Retry) -> tuple[float, ...]:
    """Return the times of the first probes: all that are needed if no request can be in flight."""
    return (0.0, policy.probe_gap) if policy.probe_gap < policy.settle else (0.0,)


@frozen
class Parent:
    """The parent in which a File was to be registered."""

    id: str
    kind: Literal["project", "folder", "unknown"] = "unknown"
    """`unknown` costs one or two further listings while no File is listed in it."""


@frozen(kw_only=True)
class ProbeRequest:
    """A blob whose File is searched."""

    stored: Stored
    new: NewFile
    parent: Parent
    matcher: Matcher | None = None
    patience: int = 1
    """Number of consecutive failed listings after which the error is raised."""
    in_flight: bool = True
    """True if the registration may still be in flight. If it was refused, its absence is proved without
    waiting.
    """


@define(eq=False)
class EarlyProbes:
    """Record of the results of probes before `Retry.settle`.

    They prove nothing; they only find an existing File sooner. If a server rejects many registrations and
    carries out none of them, they are unsuccessful, and are skipped for all but a few blobs.
    """

    _futile: int = 0
    """Number of consecutive unsuccessful probes."""
    _probes: int = 0

    def are_worthwhile(self) -> bool:
        """Return whether the next blob is probed early."""
        self._probes += 1
        return self._futile < MAX_FUTILE or self._probes % SAMPLE == 0

    def learn(self, *, found: bool) -> None:
        """Record the result of one probe."""
        self._futile = 0 if found else self._futile + 1


@frozen
class RegistrationProbe:
    """Searches for the Files of blobs. Concurrent probes of the same parent share one listing."""

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

    async def settle(
        self, unsettled: Unsettled, new: NewFile, lost_at: float, *, in_flight: bool = True
    ) -> Registered | None:
        """Search for a File as `find` does; None proves that registering again is safe.

        Raises:
            RegistrationUncertainError: If a listing failed or was incomplete, or showed a File that may be
                the one.
        """
        try:
            wanted = ProbeRequest(
                stored=unsettled.stored, new=new, parent=Parent(new.parent), in_flight=in_flight
            )
            return await self.find(wanted, lost_at)
        except APIError as exc:
            raise uncertain(unsettled, new, f"the lookup failed: {exc}") from exc
        except UndecidableError as exc:
            raise uncertain(unsettled, new, str(exc), exc.candidates) from None

    async def find(self, wanted: ProbeRequest, lost_at: float) -> Registered | None:
        """Search for a File until it is found, or its absence is proved.

        Probes at once and after `Retry.probe_gap` seconds, among the latest Files, as long as such probes
        succeed. Then, when `Retry.settle` seconds have passed since the response was lost, it reads complete
        listings of the parent, `probe_gap` apart: two without the File prove that it does not exist. If no
        registration can be in flight, it reads these at once. A listing that does not show another File of
        the same parent, which was registered `settle` seconds before and still exists, proves nothing.

        Raises:
            APIError: If a listing failed `ProbeRequest.patience` times in a row.
            UndecidableError: If a File may be the one and this cannot be decided, or listings stay
                incomplete.
        """
        with self.observe("settle") as operation:
            registered = await self._find(wanted, lost_at)
            operation.outcome = "absent" if registered is None else "done"
        return registered

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
        """Read one complete listing, and return the File if it is listed.

        Raises:
            APIError: If the listing failed.
            UndecidableError: If the listing is incomplete, or a File may be the one and this cannot be
                decided.
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
        """Return the reason why a listing without a known File proves nothing; None if that File is gone."""
        witness = self._witness(parent)
        if look.shows_witness or witness is None:
            return None
        try:
            file = await perform(self.send, calls.get(FILES, witness))
        except NotFoundError:
            gone = True
        else:  # a File directly in a project has its workspace as parent
            gone = parent.kind == "folder" and file.parent != parent.id
        if gone:
            self.witnesses.discard(parent.id)
            return None
        return f"the list of Files in {parent.id} does not show File {witness}, which exists"

    async def _probe(self, wanted: ProbeRequest, *, proof: bool) -> LookupResult:
        """Probe once. A failed listing proves nothing, so it is repeated."""
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
                matcher=wanted.matcher,
                proof=proof,
                witness=witness,
            )

        if parent.kind == "project":
            return await look(Search.in_project(parent.id), witness)
        result = await look(Search.in_folder(parent.id), witness)
        if result.hits or result.populated or parent.kind == "folder":
            return result
        # Nothing is listed there: the folder is empty, or the list of Files cannot be filtered by this kind
        # of parent, such as a project. Then the result proves nothing.
        title = Search.by_title(wanted.new.title)
        try:
            return await look(Search.in_project(parent.id), witness)
        except NotFoundError:
            return result if title is None else await look(title)
        except (BadRequestError, PermissionDeniedError, UnexpectedResponseError):
            if title is None:
                raise
            return await look(title)


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
    """Return the error for a registration whose outcome stays open."""
    stored = unsettled.stored
    ids = f" Candidates: {', '.join(candidates)}." if candidates else ""
    return RegistrationUncertainError(
        f"{new.filename}: it is unknown whether the File was registered ({unsettled.reason}), and {reason}. "
        f"Its bytes are stored as blob {stored.blob}; look for that blob name, or the title "
        f"{new.title!r}, before uploading it again.{ids}",
        stored.request(new),
        blob_name=stored.blob,
        candidates=candidates,
        total=stored.plan.size,
    )
