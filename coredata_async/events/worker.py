"""The event-driven worker: pulls messages, keeps them alive while they are worked on, and answers them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, field

from coredata_async.client import CoreData
from coredata_async.escapes import escape_controls
from coredata_async.events import broker as nats
from coredata_async.events.address import NatsAddress
from coredata_async.events.errors import BrokerError
from coredata_async.events.handler import Again, Answer, Dead, Done, EventHandler, Metrics
from coredata_async.events.message import shorten
from coredata_async.events.nats_types import Broker, Connection, Message, Subscriber
from coredata_async.events.options import StoreOptions, WorkerOptions, open_records
from coredata_async.events.remote import RemoteFiles
from coredata_async.events.sources import SourceRules
from coredata_async.records import IdempotentUploads, RecordStoreError, UnreadableRecordError
from coredata_async.records.outcomes import RecordOutcome
from coredata_async.transfer.outcomes import Failed

log = logging.getLogger("coredata_async.events")

_HEARTBEATS: Final = 3
"""Number of times during `ack_wait` that NATS is informed that a message is in progress."""
_DEAD_LETTER_DELAY: Final = 10.0
"""Seconds before a message is delivered again whose dead letter could not be published."""
_RECOVERY_PAUSE: Final = 30.0


@define(eq=False)
class EventWorker:
    """A worker of one subject. `run` returns when its messages are finished, or are to be delivered again.

    The lease is that of the upload record, never of the message: an acknowledgement of an older delivery may
    be taken for one of the present delivery (nats-server#4786).
    """

    client: CoreData
    address: NatsAddress
    options: WorkerOptions
    rules: SourceRules
    remote: RemoteFiles
    store: StoreOptions = field(factory=StoreOptions)
    lease: float = 30.0
    recovers: bool = True
    """Finish the uploads that other processes left unfinished when they died, in the background."""
    metrics: Metrics = field(factory=Metrics)
    _draining: asyncio.Event = field(factory=asyncio.Event, init=False)
    _stopped: bool = field(default=False, init=False)
    _lost: str = field(default="", init=False)
    """Reason why the connection to NATS has ended for good; empty while it has not."""
    _subscriber: Subscriber | None = field(default=None, init=False)
    _given_up: int = field(default=0, init=False)
    """Number of messages that were cancelled while they were in progress."""
    _main: asyncio.Task[object] | None = field(default=None, init=False)
    _connection: Connection = field(init=False)
    _handler: EventHandler = field(init=False)

    def drain(self) -> None:
        """Pull no more messages; `run` returns when those in progress have ended, or after `grace`."""
        self._draining.set()

    def stop(self) -> None:
        """End at once. Messages in progress are delivered again."""
        self._stopped = True
        self._draining.set()
        if self._main is not None:
            self._main.cancel()

    async def run(self) -> bool:
        """Work until `drain` or `stop` is called.

        Returns:
            True if all messages that were begun have ended.

        Raises:
            BrokerError: If NATS cannot be reached at the start, refuses a request, or refuses to reconnect.
            RecordStoreError: If the record store cannot be reached at the start.
            ConfigurationError: If the record store may forget what it confirms, or an extra is missing.
        """
        self._main = asyncio.current_task()
        try:
            return await self._run()
        except asyncio.CancelledError:
            if not self._stopped or self._main is None:
                raise
            self._main.uncancel()
            return False

    async def _run(self) -> bool:
        async with self._connect() as (broker, connection), open_records(self.store, connection) as records:
            uploads = IdempotentUploads(self.client, records, self.lease)
            retry = self.client.files.steps.retry
            self._handler = EventHandler(
                uploads=uploads,
                records=records,
                rules=self.rules,
                remote=self.remote,
                metrics=self.metrics,
                max_deliver=self.options.max_deliver,
                settle=retry.settle + retry.probe_gap,
            )
            self._connection, stream = connection, connection.jetstream()
            name = await nats.prepare_streams(stream, self.options, replicas=self.store.replicas)
            self._subscriber = nats.subscribe(broker, self.options, name, self._consume)
            await nats.start(broker)
            log.info("waiting for messages of %s (stream %s)", self.options.subject, name)
            async with asyncio.TaskGroup() as group:
                recovering = group.create_task(self._recover(uploads))
                await self._draining.wait()
                recovering.cancel()
            return await self._drain(broker)

    async def _drain(self, broker: Broker) -> bool:
        log.info("ending: %d messages are in progress", self.metrics.in_flight)
        if self._lost:
            raise BrokerError(f"NATS at {self.address.host} has ended the connection: {self._lost}")
        await broker.stop()  # waits for them for `grace`, then cancels them
        return not self._given_up and not self.metrics.in_flight

    @asynccontextmanager
    async def _connect(self) -> AsyncGenerator[tuple[Broker, Connection]]:
        broker = nats.make_broker(self.address, self.options, self._note_error)
        connection = await nats.connect(broker, self.address)
        try:
            yield broker, connection
        finally:
            if self._subscriber is not None:
                self._subscriber.running = False
            await connection.close()

    async def _note_error(self, error: Exception) -> None:
        """End if the client will not reconnect, so that a supervisor starts the worker again."""
        if self._subscriber is None or not nats.is_final(error):
            return  # at the first connection, it is raised there
        self._subscriber.running = False
        self._lost = str(error)
        self._draining.set()

    async def _consume(self, message: Message) -> None:
        """Carry one message out, and answer it."""
        with self.metrics.message():
            raw = message.raw_message
            try:
                async with asyncio.TaskGroup() as group:
                    alive = group.create_task(self._keep_alive(message))
                    answer = await self._handler.handle(raw.data, raw.metadata.num_delivered)
                    alive.cancel()
            except asyncio.CancelledError:
                self._given_up += 1
                raise
            await self._answer(message, answer)

    async def _keep_alive(self, message: Message) -> None:
        while True:
            await asyncio.sleep(self.options.ack_wait / _HEARTBEATS)
            try:
                await message.in_progress()
            except Exception as exc:  # noqa: BLE001  # the worst result is another delivery, which is harmless
                log.debug("NATS could not be informed that a message is in progress: %s", type(exc).__name__)

    async def _answer(self, message: Message, answer: Answer) -> None:
        """Answer a message. If that fails, it is delivered again, and finds its record."""
        try:
            match answer:
                case Done():
                    await message.ack()
                    self.metrics.answers["ack"] += 1
                case Again(delay):
                    await message.nack(delay=delay)
                    self.metrics.answers["nack"] += 1
                case Dead():
                    await self._send_dead_letter(message, answer)
        except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
            log.warning("a message could not be answered: %s: %s", type(exc).__name__, exc)

    async def _send_dead_letter(self, message: Message, dead: Dead) -> None:
        raw = message.raw_message
        number = f"message {raw.metadata.sequence.stream} of the stream {raw.metadata.stream}"
        label = escape_controls(shorten(dead.key or number))
        log.error("%s: dead letter: %s", label, escape_controls(dead.reason))
        try:
            await nats.publish_dead_letter(self._connection, self.options.dead_letters, raw, dead)
        except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
            log.warning("%s: its dead letter could not be published: %s", label, type(exc).__name__)
            await message.nack(delay=_DEAD_LETTER_DELAY)
            self.metrics.answers["nack"] += 1
            return
        await message.ack()
        self.metrics.answers["dead"] += 1

    async def _recover(self, uploads: IdempotentUploads) -> None:
        while self.recovers:
            try:
                async for outcome in uploads.recover():
                    self.metrics.recovered[_kind(outcome)] += 1
                    if not isinstance(outcome, Failed):  # those wait for their message
                        log.info(
                            "%s: recovered: %s", escape_controls(str(outcome.key)), type(outcome).__name__
                        )
            except RecordStoreError as exc:
                log.warning("records cannot be recovered, which is tried again: %s", exc)
                await asyncio.sleep(_RECOVERY_PAUSE)
            except Exception:
                log.exception("records cannot be recovered")
                return
            else:
                return


def _kind(outcome: RecordOutcome) -> str:
    if isinstance(outcome, Failed) and isinstance(outcome.error, UnreadableRecordError):
        return "damaged"
    return type(outcome).__name__.lower()
