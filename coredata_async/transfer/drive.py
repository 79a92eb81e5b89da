"""Driver of uploads: sends the request of a state and passes on the reply, until the upload is complete."""

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
"""Maximum number of registrations of one upload that may be lost before it stays open."""

State = Planned | Reserved | Stored | Unsettled | Registered
OnStage = Callable[[State], Awaitable[None]]


@frozen
class Driver:
    """Drives uploads through their states. Three exchanges without failures."""

    api: Send
    storer: Storer
    settler: RegistrationProbe
    clock: Callable[[], float] = time.monotonic
    observe: Observe = unobserved

    async def store(self, plan: Planned, source: PreparedSource, stage: OnStage) -> Stored:
        """Reserve a URL and PUT the bytes, with new URLs if that can help.

        Raises:
            URLExpiredError: If every URL had expired before it was used.
            StorageError: If the storage refused, or failed after all retries.
            ChecksumMismatchError: If the storage received other bytes than were sent, each time.
            SourceChangedError: If the source changed while it was read, or has another length than was
                declared.
            SourceNotReplayableError: If the source would have to be read again, and cannot be.
            APIError: If the reservation was refused, or its responses were unreadable.
        """
        return await Storing(self.storer, plan, source, stage).store()

    async def register(self, stored: Stored, new: NewFile, stage: OnStage) -> Registered:
        """Register stored bytes as a File, exactly once.

        Raises:
            APIError: If the service refused; the File does not exist.
            RegistrationUncertainError: If it is unknown whether the File exists.
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
                        raise uncertain(state, new, f"the response was lost {ROUNDS} times")
                    state = settled
                case Registered():
                    return state
                case _:
                    assert_never(state)

    async def _settle(self, state: Unsettled, new: NewFile) -> Registered | Stored:
        try:
            # Counted from now, not from the time of sending: the request may have been queued or repeated
            # before.
            return await self.settler.settle(state, new, self.clock())
        except RegistrationUncertainError:
            raise
        except Exception as exc:
            why = f"the lookup failed: unexpected {type(exc).__name__}"
            raise uncertain(state, new, why) from exc

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Unsettled | Registered:
        """Send one registration.

        Args:
            stored: The blob.
            new: Names and parent of the File.
            again: True if it was sent before. Then a refusal may mean that the first one was carried out.

        Raises:
            APIError: If the service refused, or was not reached; the File does not exist.
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
            return Unsettled(stored, str(exc))  # refused, perhaps because the first one was carried out
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
