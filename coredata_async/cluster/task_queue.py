"""The queue of tasks, as a worker process sees it."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import Final

from attrs import define, field

from coredata_async.cluster.attempts import MAX_FAILURES
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError, ShareUnavailableError, UnreadableTaskError
from coredata_async.cluster.lease import end_task
from coredata_async.cluster.messages import Task, share_subject, unreadable_subject
from coredata_async.cluster.nats_types import Message, PullSubscription
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import decode
from coredata_async.errors import CoreDataError

log = logging.getLogger("coredata_async.cluster")

_PULL: Final = 1.0
"""Seconds for which all pulls together wait for a message."""


@define(eq=False)
class TaskQueue:
    """The messages of some shares."""

    cluster: Cluster
    group: asyncio.TaskGroup
    roots: Mapping[str, ShareRoot]
    subscriptions: Mapping[str, PullSubscription] = field(factory=dict[str, PullSubscription])
    _unavailable: set[str] = field(factory=set[str], init=False)

    @classmethod
    async def open(
        cls, cluster: Cluster, group: asyncio.TaskGroup, roots: Mapping[str, ShareRoot]
    ) -> TaskQueue:
        """Subscribe to the tasks of some shares.

        Raises:
            ClusterError: If NATS does not answer.
        """
        subscriptions = {
            share: await cluster.pull(share_subject(share), f"share-{share}", cluster.lease)
            for share in sorted(roots)
        }
        return cls(cluster, group, roots, subscriptions)

    async def pull(self, share: str) -> Message | None:
        """Wait for a message; None without one within a second, without an answer, or without the share."""
        wait = _PULL / len(self.subscriptions)
        if not await self._is_available(share):
            await asyncio.sleep(wait)
            return None
        try:
            return (await self.subscriptions[share].fetch(1, timeout=wait))[0]
        except TimeoutError:
            return None
        except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
            log.info("the queue does not answer: %s", type(exc).__name__)
            await asyncio.sleep(wait)
            return None

    async def _is_available(self, share: str) -> bool:
        """Return whether the share can be read here: others do its tasks meanwhile."""
        try:
            await self.roots[share].check(share)
        except ShareUnavailableError as exc:
            if share not in self._unavailable:
                log.warning("%s; no task of this share is taken until it can be read again", exc)
                self._unavailable.add(share)
            return False
        self._unavailable.discard(share)
        return True

    def read(self, message: Message) -> Task:
        """Read the task of a message.

        Raises:
            UnreadableTaskError: If it is not a task of this version: see `refuse`.
        """
        try:
            task = Task.from_dict(decode(message.data, "a message of the queue").fields)
        except (CoreDataError, RecursionError) as exc:
            reason = str(exc)
        else:
            if task.subject == message.subject:
                return task
            reason = f"the task {task.key} of {task.job} has another subject"
        raise UnreadableTaskError(f"the message {message.subject} cannot be read: {reason}")

    async def refuse(self, message: Message, reason: str, delay: float) -> None:
        """Give a message back that cannot be read. A worker of a newer version may be able to read it.

        After many deliveries it becomes a dead letter.
        """
        delivered = message.metadata.num_delivered
        log.error("%s; delivery %d of %d", reason, delivered, MAX_FAILURES)
        if delivered < MAX_FAILURES:
            await self.answer(message, delay * delivered)
            return
        letter: dict[str, object] = {
            "reason": reason,
            "subject": message.subject,
            "data": b64encode(message.data).decode(),
        }
        key = f"unreadable.{sha256(message.data).hexdigest()}"
        with suppress(ClusterError):  # it is delivered again
            await self.cluster.enqueue(unreadable_subject(message.subject), letter, key)
            await self.answer(message, None)

    @asynccontextmanager
    async def keep_alive(self, message: Message) -> AsyncGenerator[None]:
        """Show NATS at intervals that a message is worked on."""

        async def say() -> None:
            while True:
                await asyncio.sleep(self.cluster.lease / 3)
                with suppress(Exception):  # the worst result is another delivery, which is harmless
                    await message.in_progress()

        saying = self.group.create_task(say())
        try:
            yield
        finally:
            await end_task(saying)

    async def answer(self, message: Message, delay: float | None) -> None:
        """Acknowledge a message whose task is done (None), or have it delivered again after a delay.

        An answer may be lost: the message is then delivered again, and the entry says that the task is done.
        """
        with suppress(Exception):
            if delay is None:
                await message.ack_sync()
            else:
                await message.nak(delay=delay)
