"""The first two steps of an upload, reserve and PUT, repeated with new URLs if that can help."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from attrs import define, evolve, field, frozen

from coredata_async.config import Retry
from coredata_async.errors import (
    APIConnectionError,
    ChecksumMismatchError,
    SourceNotReplayableError,
    StorageError,
    TransferError,
    UnexpectedResponseError,
    URLExpiredError,
)
from coredata_async.escapes import escape_controls
from coredata_async.message import Reply, Request, Send
from coredata_async.operations import Observe, unobserved
from coredata_async.response_table import is_transient
from coredata_async.storage import dialects
from coredata_async.storage.bodies import REPLAYABLE, Streamed
from coredata_async.storage.put_result import MOVED, PutResult, classify_put, redirect_target
from coredata_async.storage.sources import PreparedSource
from coredata_async.transfer.steps import OnStage, Planned, Reserved, Stored, read_date
from coredata_async.transfer.url_expiry import Admission, Clocks

log = logging.getLogger("coredata_async.upload")

RESERVATIONS: Final = 3
"""Maximum number of signed URLs of one upload that may expire."""
REDIRECTS: Final = 2
"""Maximum number of redirects followed for one PUT."""
_LIMITS: Final = {PutResult.EXPIRED: RESERVATIONS, PutResult.SKEWED: 2, PutResult.UNSIGNED: 2}
"""Maximum number of PUTs of one upload with such a result; `Retry.attempts` for the other results that a new
URL may change.
"""
_REPEATED: Final = frozenset({*_LIMITS, PutResult.MISMATCH, PutResult.TRANSIENT, PutResult.NOT_STORAGE})


@define(eq=False)
class TypeHeader:
    """Memory of one client: must a PUT carry Content-Type, because the signature covers it?"""

    sent: bool = True


@frozen
class Storer:
    """Parameters shared by all uploads of a client."""

    api: Send
    storage: Send
    retry: Retry
    admission: Admission | None = None
    """Set by bulk jobs."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    observe: Observe = unobserved
    type_header: TypeHeader = field(factory=TypeHeader, eq=False)

    async def store(self, plan: Planned, source: PreparedSource, stage: OnStage | None = None) -> Stored:
        """Reserve a URL and PUT the bytes, with new URLs if that can help.

        Args:
            plan: The first state.
            source: The bytes.
            stage: Called when a stage begins.

        Raises:
            URLExpiredError: If every URL had expired before it was used.
            StorageError: If the storage refused, or failed after all retries.
            ChecksumMismatchError: If the storage received other bytes than were sent, each time.
            SourceChangedError: If the source changed while it was read, or has another length than was
                declared.
            SourceNotReplayableError: If the source would have to be read again, and cannot be.
            APIError: If the reservation was refused, or its responses were unreadable.
        """
        storing = Storing(self, plan, source, stage)
        if self.admission is None:
            return await storing.store()
        await self.admission.begin()
        try:
            stored = await storing.store()
            self.admission.record_stored()
        except URLExpiredError as exc:
            self.admission.record_expired(exc)
            raise
        finally:
            self.admission.end()
        return stored


@frozen
class _Failed:
    """A PUT that did not store the bytes."""

    result: PutResult
    error: TransferError
    final: bool
    """True if repeating it is pointless, or was done already."""
    clocks: Clocks
    silent: bool
    """True if the storage gave no reason."""


@define(eq=False)
class Storing:
    """One upload on its way to the storage."""

    ways: Storer
    plan: Planned
    source: PreparedSource
    stage: OnStage | None
    _typed: bool = field(default=True, init=False)
    _results: tuple[PutResult, ...] = field(default=(), init=False)
    """Of the PUTs that did not store the bytes."""
    _signature_refusal: _Failed | None = field(default=None, init=False)
    """The first signature refusal: it is more informative than the one to the attempt without Content-Type.
    """

    async def store(self) -> Stored:
        """Store the bytes. See `Storer.store`."""
        self._typed = self.ways.type_header.sent
        while True:
            admission = self.ways.admission
            outcome = await (self._once() if admission is None else self._once_admitted(admission))
            if isinstance(outcome, Stored):
                self.ways.type_header.sent = self._typed or self.plan.content_type is None
                return outcome
            self._results += (outcome.result,)
            wait = self._wait(outcome)
            if wait is None:
                refused = outcome.result is PutResult.REFUSED
                raise self._last(self._signature_refusal if refused and self._signature_refusal else outcome)
            if not self._is_replayable:
                raise self._not_again(outcome.error)
            if outcome.result is PutResult.UNSIGNED:
                self._signature_refusal = self._signature_refusal or outcome
                self._typed = not self._typed
            self._log_repeat("the PUT was not accepted", outcome.error, wait)
            if wait:
                await self.ways.sleep(wait)

    async def _once_admitted(self, admission: Admission) -> Stored | _Failed:
        whole, again = not isinstance(self.source.body, Streamed), PutResult.EXPIRED in self._results
        if not admission.holds_back(whole=whole, again=again):
            return await self._once()
        async with admission.slot(self.plan.size, whole=whole):
            return await self._once()

    async def _once(self) -> Stored | _Failed:
        """Reserve and PUT, once each."""
        if self.stage is not None:
            await self.stage(self.plan)
        with self.ways.observe("reserve"):
            reserved = await self._reserve()
        if self.stage is not None:
            await self.stage(reserved)
        began = self.ways.clock()
        request = reserved.request(self.source.body, typed=self._typed)
        with self.ways.observe("put") as operation:
            operation.size = self.source.size
            reply = await self._put(request)
            stored = self._conclude(reserved, request, reply)
            if isinstance(stored, Stored):
                return stored
            operation.outcome, operation.error = "failed", type(stored).__name__
        clocks = Clocks(
            expires=dialects.expiry(reserved.put_url),
            service=reserved.since,
            storage=read_date(reply.headers.get("Date", "")),
            local=datetime.now(UTC),
            elapsed=self.ways.clock() - began,
        )
        # The transport has already retried these statuses.
        final = is_transient(reply.status) and isinstance(stored, StorageError)
        silent = not dialects.refusal(reply).message
        return _Failed(classify_put(reply, self.source.digest), stored, final, clocks, silent)

    def _conclude(self, reserved: Reserved, request: Request, reply: Reply) -> Stored | TransferError:
        body, digest = self.source.body, self.source.digest
        try:
            state = reserved.next(request, reply, md5=digest)
        except (StorageError, ChecksumMismatchError) as exc:
            return exc
        if not isinstance(state, Stored):
            return StorageError(dialects.refusal(reply).summary, stage="put", status=reply.status)
        if isinstance(body, Streamed) and not digest:
            raise StorageError(
                f"the storage confirmed {body.name} before all {self.source.size} bytes had been sent; "
                "nothing was registered",
                stage="put",
                sent=body.sent,
                total=self.source.size,
            )
        return state

    async def _reserve(self) -> Reserved:
        """Reserve a URL; repeat if the response was not a reservation but, for instance, a proxy's page."""
        attempt = 1
        while True:
            request = self.plan.request()
            reply = await self.ways.api(request)
            try:
                return self.plan.next(request, reply)
            except UnexpectedResponseError as exc:
                wait = self.ways.retry.wait(attempt, jitter=self.ways.jitter())
                if not 200 <= reply.status < 300 or wait is None:  # noqa: PLR2004
                    raise
                self._log_repeat("the answer was not a reservation", exc, wait)
            attempt += 1
            await self.ways.sleep(wait)

    def _log_repeat(self, what: str, error: Exception, wait: float) -> None:
        name = escape_controls(self.plan.filename or "an upload")
        log.info("%s: %s, another URL is reserved in %.2f s: %s", name, what, wait, error)

    async def _put(self, request: Request) -> Reply:
        """Send the bytes, and follow redirects."""
        for _ in range(REDIRECTS):
            reply = await self._send(request)
            if reply.status not in MOVED or not self._is_replayable:
                return reply
            target = redirect_target(request.target, reply)
            if target is None:
                return reply
            request = evolve(request, target=target)
            del target  # a signed URL: crash reporters print the variables of every frame
        return await self._send(request)

    async def _send(self, request: Request) -> Reply:
        body = self.source.body
        try:
            return await self.ways.storage(request)
        except APIConnectionError as exc:
            failure = StorageError(
                f"the storage could not be reached, or broke off: {exc} (attempt {exc.attempts})",
                stage="put",
                sent=body.sent if isinstance(body, Streamed) else 0,
                total=self.source.size,
                transient=not exc.permanent,
            )
            raise (failure if self._is_replayable else self._not_again(failure)) from exc

    def _wait(self, failed: _Failed) -> float | None:
        """Return the seconds before the next URL is reserved, or None if the upload must fail."""
        result = failed.result
        if result not in _REPEATED or failed.final:
            return None
        if result in _LIMITS:
            untyped = result is PutResult.UNSIGNED and self.plan.content_type is None
            return None if untyped or self._results.count(result) >= _LIMITS[result] else 0.0
        failures = sum(each not in _LIMITS for each in self._results)
        return self.ways.retry.wait(failures, jitter=self.ways.jitter())

    def _last(self, failed: _Failed) -> TransferError:
        """Return the error of an upload that is given up."""
        if failed.result not in {PutResult.EXPIRED, PutResult.SKEWED}:
            repeatable = failed.result in _REPEATED and failed.final
            return failed.error if self._is_replayable or not repeatable else self._not_again(failed.error)
        count, clocks, error = self._results.count(failed.result), failed.clocks, failed.error
        status = error.status if isinstance(error, StorageError) else None
        if failed.silent and clocks.still_valid:
            return StorageError(
                f"the storage refused {count} signed URLs in a row that had not expired: {error}; "
                "ask the operator of the storage why",
                stage="put",
                total=self.plan.size,
                status=status,
            )
        code = error.storage_code if isinstance(error, StorageError) else None
        return clocks.to_error(count, total=self.plan.size, status=status, storage_code=code)

    @property
    def _is_replayable(self) -> bool:
        return not isinstance(self.source.body, Streamed) or self.source.body.replayable

    def _not_again(self, failure: TransferError) -> TransferError:
        """Return the error for a failure that a retry might solve, if the source could be read again."""
        if not isinstance(self.source.body, Streamed):
            return failure
        return SourceNotReplayableError(
            f"{failure}; {self.source.body.name} can be read only once, so it was not tried again: "
            + REPLAYABLE,
            stage="put",
            sent=failure.sent,
            total=self.source.size,
        )
