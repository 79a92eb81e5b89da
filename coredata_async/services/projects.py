"""What a client does with projects."""

from __future__ import annotations

from coredata_async.collection import creator, deleter, getter, lister, sublister, updater
from coredata_async.message import Send
from coredata_async.resources.files import FILES
from coredata_async.resources.projects import PROJECTS
from coredata_async.wire.kind import Window


class Projects:
    """The projects of a tenant: `list`, `get`, `create`, `update`, `delete`, and the files in one."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, PROJECTS)
        self.get = getter(send, PROJECTS)
        self.create = creator(send, PROJECTS)
        self.update = updater(send, PROJECTS)
        self.delete = deleter(send, PROJECTS)
        self.files = sublister(send, FILES, PROJECTS.path, Window)
