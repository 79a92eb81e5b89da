"""The driver: sends what a state asks for, and hands it the reply, until the upload is complete."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

from attrs import frozen

from coredata_async.call import carry
from coredata_async.control_characters import escape_controls
from coredata_async.errors import (
    APIStatusError,
    OutcomeUnknownError,
    RateLimitError,
    RegistrationUncertainError,
)
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.storage.sources import PreparedSource
from coredata_async.transfer.probe import RegistrationProbe, uncertain
from coredata_async.transfer.steps import Planned, Registered, Reserved, Stored, Unsettled
from coredata_async.transfer.store import Storer, Storing
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")

ROUNDS: Final = 3
"""How often a registration may be lost before it is left open."""

State = Planned | Reserved | Stored | Unsettled | Registered
OnStage = Callable[[State], Awaitable[None]]


@frozen
class Driver:
    """Carries uploads through their states. Three exchanges, if nothing goes wrong."""

    api: Send
    storer: Storer
    settler: RegistrationProbe
    clock: Callable[[], float] = time.monotonic
    observe: Observe = unobserved

    async def store(self, plan: Planned, source: PreparedSource, stage: OnStage) -> Stored:
        """Reserve a URL and PUT the bytes, with new URLs where that helps.

        Raises:
            URLExpiredError: Every URL had expired before it was used.
            StorageError: The storage refused, or failed, after all repeats.
            ChecksumMismatchError: The storage received other bytes than were sent, each time.
            SourceChangedError: The source changed while it was read, or has another length than was declared.
            SourceNotReplayableError: It would have to be read again, and cannot be.
            APIError: The reservation was refused, or its answers were unreadable.
        """
        return await Storing(self.storer, plan, source, stage).store()

    async def register(self, stored: Stored, new: NewFile, stage: OnStage) -> Registered:
        """Make a File of stored bytes, exactly once.

        Raises:
            APIError: The service refused; there is no File.
            RegistrationUncertainError: There may be one.
        """
        state: Stored | Unsettled | Registered = stored
        lost = 0
        while True:
            match state:
                case Stored():
                    await stage(state)
                    state = await self.register_once(state, new, again=lost > 0)
                case Unsettled():
                    lost += 1
                    log_unsettled(state, new)
                    settled = await self._settle(state, new)
                    if isinstance(settled, Stored) and lost == ROUNDS:
                        raise uncertain(state, new, f"the answer was lost {ROUNDS} times")
                    state = settled
                case Registered():
                    return state
                case _:
                    assert_never(state)

    async def _settle(self, state: Unsettled, new: NewFile) -> Registered | Stored:
        try:
            # From now, not from when it was sent: it may have queued, or been repeated, before.
            return await self.settler.settle(state, new, self.clock())
        except RegistrationUncertainError:
            raise
        except Exception as exc:
            why = f"looking for it failed: unexpected {type(exc).__name__}"
            raise uncertain(state, new, why) from exc

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Unsettled | Registered:
        """Send for a File to be made, one time.

        Args:
            stored: The blob.
            new: What it is to be called.
            again: Whether it was sent before: then a refusal may mean that the first was carried out.

        Raises:
            APIError: The service refused, or was not reached; there is no File.
        """
        with self.observe("register") as operation:
            state = await self._register_once(stored, new, again=again)
            if isinstance(state, Unsettled):
                operation.outcome = "unknown"
        return state

    async def _register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Unsettled | Registered:
        request = stored.request(new)
        try:
            state = await carry(self.api, request, lambda reply: stored.next(request, reply))
        except OutcomeUnknownError as exc:
            return Unsettled(stored, str(exc.__cause__))
        except APIStatusError as exc:
            if not again or isinstance(exc, RateLimitError):
                raise
            return Unsettled(stored, str(exc))  # refused, perhaps because the first was carried out after all
        if isinstance(state, Registered):
            self.settler.witnesses.add(new.parent, state.file_id, self.clock())
        return state


def log_unsettled(unsettled: Unsettled, new: NewFile) -> None:
    """Log that it is unknown whether a File was registered, before it is looked for."""
    log.warning(
        "%s: it is unknown whether the File of blob %s was registered: %s",
        escape_controls(new.filename),
        escape_controls(unsettled.stored.blob),
        unsettled.reason,
    )
