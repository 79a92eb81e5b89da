"""One message: the upload it asks for, how it is to be answered, and how it is counted. No broker in it."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from attrs import define, field, frozen

from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.escapes import escape_controls
from coredata_async.events.errors import InvalidMessageError
from coredata_async.events.message import UploadMessage, read_key
from coredata_async.events.remote import RemoteFile, RemoteFiles
from coredata_async.events.sources import SourceRules
from coredata_async.prometheus import Histogram, write_gauge, write_total
from coredata_async.records import (
    Busy,
    IdempotentUploads,
    RecordStoreError,
    UnreadableRecordError,
    UploadRecords,
    VolatileStoreError,
)
from coredata_async.records.outcomes import RecordOutcome
from coredata_async.transfer.outcomes import Failed, Unknown, Uploaded, is_permanent

log = logging.getLogger("coredata_async.events")

FIRST_DELAY: Final = 2.0
"""Seconds before a message that failed is delivered again; each further time twice as long."""
LONGEST_DELAY: Final = 600.0
PATIENCE: Final = 30.0
"""Seconds for which a message occupies the worker while it is not known whether its File exists."""
STORE_DELAY: Final = 5.0
"""Seconds before a message is delivered again whose record could not be read or written."""
_PREFIX: Final = "coredata_worker"


@frozen
class Done:
    """The File exists; the message is acknowledged."""


@frozen
class Again:
    """The message is to be delivered again after some seconds."""

    delay: float


@frozen
class Dead:
    """The message cannot be carried out: it becomes a dead letter, and is acknowledged."""

    reason: str
    key: str | None


Answer = Done | Again | Dead


@frozen
class Unreadable:
    """A source that cannot be read, for an upload that may not need it."""

    failure: SourceError

    def __call__(self) -> AsyncIterator[bytes]:
        """Raise the error."""
        raise self.failure


@define(eq=False)
class EventHandler:
    """Carries messages out.

    A message is answered with `Dead` only if it is invalid, or failed for good, or has failed
    `max_deliver` times. One that another call works on is never dead: that call may die, too.
    """

    uploads: IdempotentUploads
    records: UploadRecords
    rules: SourceRules
    remote: RemoteFiles
    metrics: Metrics
    max_deliver: int
    settle: float
    """Seconds after which a request that was given up can no longer have an effect."""
    jitter: Callable[[], float] = random.random

    async def handle(self, data: bytes, delivered: int) -> Answer:
        """Carry out a message.

        Args:
            data: The message.
            delivered: Number of times that it was delivered, this one included.
        """
        try:
            message = UploadMessage.parse(data)
        except InvalidMessageError as exc:
            self.metrics.outcomes["invalid"] += 1
            return Dead(str(exc), read_key(data))
        try:
            return await self._handle(message, delivered)
        except VolatileStoreError:
            raise
        except Exception as exc:  # noqa: BLE001  # any failure is an answer
            return self._fail(message, exc, delivered)

    def _fail(self, message: UploadMessage, error: Exception, delivered: int) -> Answer:
        """Answer a message whose upload could not begin, or whose record cannot be used."""
        damaged = isinstance(error, UnreadableRecordError) and error.damaged
        self.metrics.outcomes["damaged" if damaged else "failed"] += 1
        if damaged:
            return Dead(str(error), message.key)
        if isinstance(error, RecordStoreError):
            log.warning("%s: %s", message.label, error)
            return Again(STORE_DELAY)
        if not isinstance(error, ConfigurationError | SourceError):
            log.error("%s: unexpected error", message.label, exc_info=error)
            return self._again(message, f"unexpected {type(error).__name__}: {error}", delivered)
        if is_permanent(error):
            return Dead(str(error), message.key)
        return self._again(message, str(error), delivered)

    async def _handle(self, message: UploadMessage, delivered: int) -> Answer:
        if delivered > self.max_deliver and await self._is_poison(message):
            times = f"it was delivered {delivered - 1} times without an answer"
            return Dead(f"{times}: handling it may end the worker", message.key)
        source = await self._open(message)
        try:
            outcome = await self.uploads.upload(
                source,
                parent=message.parent,
                filename=message.filename,
                key=message.key,
                title=message.title,
                content_type=message.content_type,
                size=source.size if isinstance(source, RemoteFile) else message.size,
                dynatype=message.dynatype,
                contacts=message.contacts,
                tags=message.tags,
                digest=message.digest,
                patience=PATIENCE,
            )
        finally:
            if isinstance(source, RemoteFile):
                await source.aclose()
        return self._answer(message, outcome, delivered)

    async def _open(self, message: UploadMessage) -> Path | RemoteFile | Unreadable:
        """Open the source. It may be gone if its bytes were stored before."""
        try:
            if "://" in message.source:
                has_digest = message.digest is not None
                return await self.remote.open(message.source, message.size, has_digest=has_digest)
            return await self.rules.file(message.source)
        except SourceError as exc:
            failure = exc
        found = await self.records.get(message.key)
        if found is None or found.record.stored is None:
            raise failure
        return Unreadable(failure)

    async def _is_poison(self, message: UploadMessage) -> bool:
        """Check if a message that was delivered very often was begun as often, or never got to its record.

        One that was published twice may also be delivered often while another call uploads its source.
        """
        found = await self.records.get(message.key)
        return found is None or (not found.record.is_done and found.record.epoch >= self.max_deliver)

    def _answer(self, message: UploadMessage, outcome: RecordOutcome, delivered: int) -> Answer:
        self.metrics.outcomes[type(outcome).__name__.lower()] += 1
        match outcome:
            case Uploaded():
                self.metrics.uploaded_bytes += outcome.size
                log.info("%s: File %s", message.label, outcome.file_id)
                return Done()
            case Busy():
                return Again(outcome.retry_after)
            case Unknown():
                log.warning("%s: %s", message.label, outcome.error)
                return self._again(message, str(outcome.error), delivered, longest=max(1.0, self.settle / 2))
            case Failed():
                if outcome.permanent:
                    return Dead(str(outcome.error), message.key)
                return self._again(message, str(outcome.error), delivered)

    def _again(
        self, message: UploadMessage, reason: str, delivered: int, *, longest: float = LONGEST_DELAY
    ) -> Answer:
        if delivered >= self.max_deliver:
            return Dead(f"{reason} (after {delivered} deliveries)", message.key)
        delay = min(longest, FIRST_DELAY * 2.0 ** min(delivered - 1, 16)) * (0.5 + self.jitter() / 2)
        log.info(
            "%s: delivery %d failed, and is repeated in %.0f s: %s",
            message.label,
            delivered,
            delay,
            escape_controls(reason),
        )
        return Again(delay)


@define(eq=False)
class Metrics:
    """Counters of one worker process."""

    outcomes: Counter[str] = field(factory=Counter[str])
    """Messages by outcome: uploaded, busy, unknown, failed, invalid, damaged (its record)."""
    answers: Counter[str] = field(factory=Counter[str])
    """Answers to the broker: ack, nack, dead."""
    recovered: Counter[str] = field(factory=Counter[str])
    """Records that were finished at the start, by outcome; those that cannot be read are `damaged`."""
    uploaded_bytes: int = 0
    in_flight: int = 0
    """Messages that are handled now."""
    _durations: Histogram = field(factory=Histogram, init=False)

    @contextmanager
    def message(self) -> Generator[None]:
        """Count a message as in flight, and record its duration."""
        began = monotonic()
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._durations.observe(monotonic() - began)

    def render(self) -> str:
        """Return all metrics, one per line."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        name = f"{_PREFIX}_messages_total"
        yield from write_total(name, "Messages by outcome.", self.outcomes, label="outcome")
        name = f"{_PREFIX}_answers_total"
        yield from write_total(name, "Answers to the broker.", self.answers, label="answer")
        name = f"{_PREFIX}_recovered_total"
        yield from write_total(name, "Records finished at the start.", self.recovered, label="outcome")
        name = f"{_PREFIX}_uploaded_bytes_total"
        yield from write_total(name, "Bytes of uploaded files.", self.uploaded_bytes)
        yield from write_gauge(f"{_PREFIX}_in_flight", "Messages that are handled now.", self.in_flight)
        yield from self._durations.write(f"{_PREFIX}_message_seconds", "Seconds per message.")
