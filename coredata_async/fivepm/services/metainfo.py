"""Which statuses and priorities an account knows."""

from __future__ import annotations

from coredata_async.fivepm.calls import metainfo as calls
from coredata_async.fivepm.models.metainfo import Priority, Status
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Send


class Metainfo:
    """The account's own lists."""

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form

    async def statuses(self) -> tuple[Status, ...]:
        """Return what the `status` of a project or a task can be: one exchange, repeat-safe."""
        return tuple((await perform(self._send, calls.statuses(self._form))).items)

    async def priorities(self) -> tuple[Priority, ...]:
        """Return what the `priority` of a project or a task can be: one exchange, repeat-safe."""
        return tuple((await perform(self._send, calls.priorities(self._form))).items)
