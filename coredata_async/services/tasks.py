"""What a client does with tasks."""

from __future__ import annotations

from coredata_async.collection import creator, deleter, getter, lister, updater
from coredata_async.message import Send
from coredata_async.resources.tasks import TASKS


class Tasks:
    """The tasks of a tenant: `list`, `get`, `create`, `update`, `delete`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, TASKS)
        self.get = getter(send, TASKS)
        self.create = creator(send, TASKS)
        self.update = updater(send, TASKS)
        self.delete = deleter(send, TASKS)
