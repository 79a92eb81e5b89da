"""Driver of uploads: sends the request of a state and passes on the reply, until the upload is complete."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from attrs import frozen

from coredata_async.call import carry
from coredata_async.errors import (
    APIStatusError,
    CoreDataError,
    OutcomeUnknownError,
    RateLimitError,
    RegistrationUncertainError,
)
from coredata_async.escapes import escape_controls
from coredata_async.message import Send
from coredata_async.operations import Observe, unobserved
from coredata_async.transfer.probe import RegistrationProbe, uncertain
from coredata_async.transfer.steps import ROUNDS, OnStage, Registered, Stored, Unsettled
from coredata_async.transfer.store import Storer
from coredata_async.wire.files import NewFile

log = logging.getLogger("coredata_async.upload")


@frozen
class Driver:
    """Drives uploads through their states. Three exchanges without failures."""

    api: Send
    storer: Storer
    settler: RegistrationProbe
    clock: Callable[[], float] = time.monotonic
    observe: Observe = unobserved

    async def register(self, stored: Stored, new: NewFile, stage: OnStage | None = None) -> Registered:
        """Register stored bytes as a File, exactly once.

        Raises:
            APIError: If the service refused; the File does not exist.
            RegistrationUncertainError: If it is unknown whether the File exists.
        """
        lost = 0
        while True:
            if stage is not None:
                await stage(stored)
            state = await self.register_once(stored, new, again=lost > 0)
            if isinstance(state, Registered):
                return state
            lost += 1
            log_unsettled(state, new)
            settled = await self._settle(state, new)
            if isinstance(settled, Registered):
                return settled
            if lost == ROUNDS:
                raise uncertain(state, new, f"the response was lost {ROUNDS} times")

    async def _settle(self, state: Unsettled, new: NewFile) -> Registered | Stored:
        try:
            # Counted from now, not from the time of sending: the request may have been queued or repeated
            # before.
            return await self.settler.settle(state, new, self.clock()) or state.stored
        except RegistrationUncertainError:
            raise
        except Exception as exc:
            # The text of a foreign error may contain a secret.
            why = str(exc) if isinstance(exc, CoreDataError) else f"unexpected {type(exc).__name__}"
            raise uncertain(state, new, f"the lookup failed: {why}") from exc

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Unsettled | Registered:
        """Send one registration.

        Args:
            stored: The blob.
            new: Names and parent of the File.
            again: True if it was sent before. Then a refusal may mean that the first one was carried out.

        Raises:
            APIError: If the service refused, or was not reached; the File does not exist.
        """
        request = stored.request(new)
        with self.observe("register") as operation:
            try:
                state = await carry(self.api, request, partial(stored.next, request))
            except OutcomeUnknownError as exc:
                state = Unsettled(stored, str(exc.__cause__))
            except APIStatusError as exc:
                if not again or isinstance(exc, RateLimitError):
                    raise
                state = Unsettled(stored, str(exc))  # refused, perhaps because the first was carried out
            if isinstance(state, Unsettled):
                operation.outcome = "unknown"
        if isinstance(state, Registered) and new.parent not in self.settler.witnesses:
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
