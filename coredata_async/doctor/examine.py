"""Doctor: finds out the real behaviour of a server, where it is not documented."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from coredata_async.client import CoreData
from coredata_async.doctor.finding import Answer, Finding, Level, Question, ask, note, ok, risk
from coredata_async.doctor.probes.files import FILES_FIRST, FILES_LAST, NAMES
from coredata_async.doctor.probes.reading import LISTS, READING, SHOWN
from coredata_async.doctor.probes.storage import STORAGE
from coredata_async.doctor.scratch import ScratchFolder, scratch
from coredata_async.doctor.target import ExchangeCounter, Target
from coredata_async.ids import Id, id_of

log = logging.getLogger("coredata_async.doctor")

SLOWED: Final = 60.0


async def examine(
    client: CoreData,
    parent: Id | None = None,
    *,
    warn: Callable[[str], object] = log.warning,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncGenerator[Finding, None]:
    """Ask one question after the other, and yield each answer as it arrives.

    Without a parent nothing is written: one blob is reserved in the storage, and stays empty. With one, a
    Folder is created below it, some fifteen small Files in that, and all of it is deleted again, also after a
    failure. Iterate within `contextlib.aclosing`, so that this also holds for a loop that ends early.

    Args:
        client: Client of the server to examine. Its retries and limits apply.
        parent: Id of a Project, Folder or Filespace for experiments, or the object itself.
        warn: Called for each object that could not be deleted.
        clock: Returns seconds since the epoch.
        sleep: Waits, for lists that lag behind and for URLs that are about to expire.

    Raises:
        APIError: If the server cannot be reached, or is not a CoreData.
    """
    tally = ExchangeCounter()
    server = Target(engine=client.engine(hooks=(tally,)), tally=tally, clock=clock, sleep=sleep)
    for question in (*READING, *(() if parent else (*LISTS, *SHOWN))):
        finding = await ask(question, server)
        yield finding
        if question.vital and finding.level is Level.RISK:
            return
    if parent:
        async with scratch(server, id_of(parent, "parent"), warn) as place:
            for trial in (*FILES_FIRST, *NAMES, *STORAGE, *FILES_LAST):
                finding = await ask(trial, place)
                yield finding
                if trial.vital and finding.level is Level.RISK:
                    break
            for question in LISTS:  # because there is something to list now
                yield await ask(question, server)
        yield await ask(CLEANED, place)
    yield await ask(THROTTLING, server)


async def _clean(place: ScratchFolder) -> Answer:
    if place.left:
        return note("some objects could not be deleted", f"Left behind: {'; '.join(place.left)}.")
    return ok("all was deleted", "Blobs without a File cannot be deleted; they contain a few bytes each.")


async def _throttling(server: Target) -> Answer:
    tally = server.tally
    said = f"{tally.throttled} of {tally.requests} requests"
    if not tally.throttled:
        return ok(said, "They were sent one by one; a job sends more at once, and slows down when asked to.")
    retry_after = "without a Retry-After" if tally.longest is None else f"Retry-After {tally.longest:.0f} s"
    return (risk if (tally.longest or 0.0) > SLOWED else note)(
        f"{said}, {retry_after}", "Jobs slow down accordingly."
    )


CLEANED: Final = Question("clean-up", "Is the scratch folder deleted?", _clean)
THROTTLING: Final = Question("throttling", "Were requests throttled (429, 503)?", _throttling)
