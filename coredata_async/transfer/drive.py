"""The driver: sends what a state asks for, and hands it the reply, until the upload is complete."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

from attrs import frozen

from coredata_async.call import carry
from coredata_async.errors import (
    APIConnectionError,
    APIStatusError,
    OutcomeUnknownError,
    SourceNotReplayableError,
    StorageError,
    TransferError,
    URLExpiredError,
)
from coredata_async.message import Reply, Request, Send
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import Ready
from coredata_async.transfer.settle import Settler, uncertain
from coredata_async.transfer.steps import Planned, Registered, Reserved, Stored, Unsettled
from coredata_async.wire.files import NewFile

RESERVATIONS: Final = 3
"""How many signed URLs one upload may use up."""
ROUNDS: Final = 3
"""How often a registration may be lost before it is left open."""

State = Planned | Reserved | Stored | Unsettled | Registered
OnStage = Callable[[State], Awaitable[None]]


@frozen
class Driver:
    """Carries uploads through their states. Three exchanges, if nothing goes wrong."""

    api: Send
    storage: Send
    settler: Settler
    clock: Callable[[], float] = time.monotonic

    async def store(self, plan: Planned, source: Ready, stage: OnStage) -> Stored:
        """Reserve and PUT: once more with a new URL for each that expired.

        Raises:
            URLExpiredError: URLs expire as soon as they are made.
            StorageError: The storage refused, or broke off, after all repeats.
            ChecksumMismatchError: It holds other bytes than were sent.
            SourceChangedError: The source changed while it was read, or has another length than was said.
            SourceNotReplayableError: It would have to be read again, and cannot.
        """
        for _ in range(RESERVATIONS):
            await stage(plan)
            request = plan.request()
            reserved = plan.next(request, await self.api(request))
            await stage(reserved)
            request = reserved.request(source.body)
            reply = await self._put(request, source)
            try:
                state = reserved.next(request, reply, md5=source.digest)
            except StorageError as exc:
                raise _not_again(source, exc) if reply.status >= 500 else exc from None  # noqa: PLR2004
            if isinstance(state, Stored):
                _ended(source)
                return state
        raise URLExpiredError(
            f"{RESERVATIONS} signed URLs in a row had expired before the storage took the bytes; "
            "compare the clocks of the service and its storage, and the speed of the line",
            stage="put",
            total=source.size,
        )

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
                    # From now, not from when it was sent: it may have queued, or been repeated, before.
                    settled = await self.settler.settle(state, new, self.clock())
                    if isinstance(settled, Stored) and lost == ROUNDS:
                        raise uncertain(state, new, f"the answer was lost {ROUNDS} times")
                    state = settled
                case Registered():
                    return state
                case _:
                    assert_never(state)

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Unsettled | Registered:
        """Send for a File to be made, one time.

        Args:
            stored: The blob.
            new: What it is to be called.
            again: Whether it was sent before: then a refusal may mean that the first was carried out.

        Raises:
            APIError: The service refused, or was not reached; there is no File.
        """
        request = stored.request(new)
        try:
            return await carry(self.api, request, lambda reply: stored.next(request, reply))
        except OutcomeUnknownError as exc:
            return Unsettled(stored, str(exc.__cause__))
        except APIStatusError as exc:
            if not again:
                raise
            return Unsettled(stored, str(exc))  # refused, perhaps because the first was carried out after all

    async def _put(self, request: Request, source: Ready) -> Reply:
        try:
            return await self.storage(request)
        except APIConnectionError as exc:
            failure = StorageError(
                f"the storage could not be reached, or broke off: {exc} (attempt {exc.attempts})",
                stage="put",
                sent=source.body.sent if isinstance(source.body, Streamed) else 0,
                total=source.size,
            )
            raise _not_again(source, failure) from exc


def _ended(source: Ready) -> None:
    """Refuse what the storage confirmed before it had all of it."""
    if isinstance(source.body, Streamed) and not source.digest:
        raise StorageError(
            f"the storage confirmed {source.body.name} before all {source.size} bytes had been sent; "
            "nothing was registered",
            stage="put",
            sent=source.body.sent,
            total=source.size,
        )


def _not_again(source: Ready, failure: StorageError) -> TransferError:
    """The failure itself, or that it cannot be mended because the source is spent."""
    body = source.body
    if not isinstance(body, Streamed) or body.replayable:
        return failure
    return SourceNotReplayableError(
        f"{failure}; {body.name} can be read only once, so it was not tried again: pass a path, bytes, "
        "a seekable file, or a callable that returns an async iterator",
        stage="put",
        sent=body.sent,
        total=source.size,
    )
