"""Objects of a cluster: journals of shards, checkpoints and reports."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import Final

from coredata_async.bulk.report.report import Report, as_json
from coredata_async.cluster.errors import ClusterError, DamagedObjectError
from coredata_async.cluster.nats_errors import describe_failure
from coredata_async.cluster.nats_types import ObjectStore
from coredata_async.json_text import decode_json

ATTEMPTS: Final = 4
"""Maximum number of attempts. Both operations are safe to repeat."""
_PAUSE: Final = 0.5
_TIMEOUT: Final = 60.0
"""Seconds for the arrival of an object at the last attempt, and less at those before; most have less than
1 MB. Its parts also fail to come if the server was started again meanwhile, or if the object was replaced
after its description was read: then another attempt succeeds."""


class Objects:
    """An object store of NATS. An object replaces an earlier one of the same name as a whole."""

    def __init__(self, store: ObjectStore, name: str, *, timeout: float = _TIMEOUT) -> None:
        errors = import_module("nats.js.errors")  # it is installed, because the store is from there
        self._missing: tuple[type[Exception], ...] = (
            errors.NotFoundError,
            errors.ObjectNotFoundError,
            errors.ObjectDeletedError,
        )
        self._damaged: type[Exception] = import_module("nats.js.object_store").DigestMismatchError
        self._store = store
        self._name = name
        self._timeout = timeout

    async def get(self, name: str) -> bytes | None:
        """Read an object; None if it does not exist.

        Raises:
            DamagedObjectError: If its content is missing, or is not what was written.
            ClusterError: If it cannot be read.
        """
        failure, damaged = "", False
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(attempt * _PAUSE)
            arrival = asyncio.timeout(self._timeout * (attempt + 1) / ATTEMPTS)
            try:
                async with arrival:  # nats-py waits forever for a part that the server does not have
                    found = await self._store.get(name)
            except self._missing:
                return None
            except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
                damaged = arrival.expired() or isinstance(exc, self._damaged)
                failure = describe_failure(exc)
            else:
                data = found.data or b""
                if len(data) == (found.info.size or 0):
                    return data
                damaged, failure = True, f"{len(data)} of {found.info.size} bytes came"
        if damaged:
            raise DamagedObjectError(f"the object {name} of the cluster is damaged: {failure}")
        raise ClusterError(f"the object {name} of the cluster cannot be read: {failure}")

    async def put(self, name: str, data: bytes) -> None:
        """Write an object.

        Raises:
            ClusterError: If the server does not confirm it.
        """
        failure = ""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(attempt * _PAUSE)
            try:
                await self._store.put(name, data)
            except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
                failure = describe_failure(exc)
            else:
                return
        raise ClusterError(f"the object {name} of the cluster cannot be written: {failure}")

    async def put_report(self, key: str, epoch: int, report: Report) -> None:
        """Write the report of one owner of a scan or shard, without the path of its journal.

        Raises:
            ClusterError: If the server does not confirm it.
        """
        await self.put(_report_name(key, epoch), json.dumps({**as_json(report), "journal": ""}).encode())

    async def get_report(self, key: str, epoch: int) -> Report:
        """Read the report of one owner of a scan or shard.

        Raises:
            DamagedObjectError: If it is missing or damaged.
            ClusterError: If it cannot be read.
        """
        name = _report_name(key, epoch)
        data = await self.get(name)
        if data is None:
            raise DamagedObjectError(f"the object {name} of the cluster is missing; it was kept for 30 days")
        try:
            return Report.from_json(decode_json(data))
        except (ValueError, TypeError):  # also ConfigurationError
            raise DamagedObjectError(f"the object {name} of the cluster is not a report") from None


def _report_name(key: str, epoch: int) -> str:
    return f"{key}.{epoch}.report"
