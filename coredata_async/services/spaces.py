"""What a client does with spaces."""

from __future__ import annotations

from coredata_async.collection import getter, lister, sublister
from coredata_async.message import Send
from coredata_async.resources.registry import SPACE_PROJECTS
from coredata_async.resources.spaces import SPACES
from coredata_async.wire.resource import Paging


class Spaces:
    """The spaces of a tenant: `list`, `get`, and the projects in one."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, SPACES)
        self.get = getter(send, SPACES)
        self.projects = sublister(send, SPACE_PROJECTS, Paging)
