"""Service for the statuses and priorities of an account."""

from __future__ import annotations

from coredata_async.fivepm import calls
from coredata_async.fivepm.models.metainfo import Priority, Status
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Send


class Metainfo:
    """Statuses and priorities of the account."""

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form

    async def statuses(self) -> tuple[Status, ...]:
        """Return the possible values of `status` of a project or a task: one request, retry-safe."""
        return tuple((await perform(self._send, calls.statuses(self._form))).items)

    async def priorities(self) -> tuple[Priority, ...]:
        """Return the possible values of `priority` of a project or a task: one request, retry-safe."""
        return tuple((await perform(self._send, calls.priorities(self._form))).items)
