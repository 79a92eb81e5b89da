"""The queue of tasks, as a worker process sees it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import Final

from attrs import define, field

from coredata_async.cluster.attempts import FAILED_DELAY, MAX_FAILURES, REFUSED_DELAY, is_refusal
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import (
    AccountMismatchError,
    ClusterError,
    ShareUnavailableError,
    UnreadableTaskError,
)
from coredata_async.cluster.lease import end_task
from coredata_async.cluster.messages import Task, share_subject, unreadable_subject
from coredata_async.cluster.nats_types import Message, PullSubscription
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import decode
from coredata_async.errors import CoreDataError

log = logging.getLogger("coredata_async.cluster")

_PULL: Final = 1.0
"""Seconds for which all pulls together wait for a message."""
_OTHERS: Final = _PULL + 0.25
"""Seconds in which other workers pull from each of their shares."""
_LONGEST_DATA: Final = 512 * 1024
"""Maximum number of bytes of an unreadable message in its dead letter. Base64 adds a third; a message of more
than 1 MB could never be published.
"""


@define(eq=False)
class TaskQueue:
    """The messages of some shares."""

    cluster: Cluster
    group: asyncio.TaskGroup
    roots: Mapping[str, ShareRoot]
    subscriptions: Mapping[str, PullSubscription] = field(factory=dict[str, PullSubscription])
    unavailable: set[str] = field(factory=set[str])
    """The shares that cannot be read now."""
    _resting: dict[str, float] = field(factory=dict[str, float], init=False)
    """Until when the next task of a share is left to others, by `time.monotonic`."""

    @classmethod
    async def open(
        cls,
        cluster: Cluster,
        group: asyncio.TaskGroup,
        roots: Mapping[str, ShareRoot],
        unavailable: set[str],
    ) -> TaskQueue:
        """Subscribe to the tasks of some shares.

        Args:
            cluster: The connection to the cluster.
            group: Group for the tasks of this process.
            roots: The root of each share.
            unavailable: Changed to the shares that cannot be read, whenever that is noticed.

        Raises:
            ClusterError: If NATS does not answer.
        """
        subscriptions = {
            share: await cluster.pull(share_subject(share), f"share-{share}", cluster.lease)
            for share in sorted(roots)
        }
        return cls(cluster, group, roots, subscriptions, unavailable)

    async def pull(self, share: str) -> Message | None:
        """Wait for a message; None without one within a second, without an answer, or without the share.

        None also while the next task of the share is left to others.
        """
        wait = _PULL / len(self.subscriptions)
        rest = self._resting.get(share, 0.0) - time.monotonic()
        if rest > 0 or not await self._is_available(share):
            await asyncio.sleep(min(wait, rest) if rest > 0 else wait)
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
            if share not in self.unavailable:
                log.warning("%s; no task of this share is taken until it can be read again", exc)
                self.unavailable.add(share)
            return False
        self.unavailable.discard(share)
        return True

    def delay_after(self, task: Task, error: CoreDataError) -> float:
        """Return the seconds until a task is delivered again that has ended with an error.

        If only another worker could do better, the next delivery is left to others.
        """
        refused = is_refusal(task.kind, error)
        delay = REFUSED_DELAY if refused else FAILED_DELAY
        if refused or isinstance(error, AccountMismatchError):
            self.leave_next(task.share, delay)
        return delay

    def leave_next(self, share: str, delay: float) -> None:
        """Leave a task that is delivered again after a delay to others, and all of its share until then.

        The server gives a message to the pull that has waited longest. Deliveries and pulls have the same
        rhythm, so one worker could get the same task each time, and return it, while others wait.
        """
        self._resting[share] = time.monotonic() + delay + _OTHERS

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
        """Return a message that cannot be read to the queue, because a newer worker may be able to read it.

        After many deliveries it becomes a dead letter.
        """
        delivered = message.metadata.num_delivered
        log.error("%s; delivery %d of %d", reason, delivered, MAX_FAILURES)
        if delivered < MAX_FAILURES:
            # Not in the rhythm of the pulls: otherwise this worker may get each delivery, see `leave_next`.
            await self.answer(message, delay * delivered * random.uniform(1.0, 1.25))  # noqa: S311
            return
        letter: dict[str, object] = {
            "reason": reason,
            "subject": message.subject,
            "data": b64encode(message.data[:_LONGEST_DATA]).decode(),
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
