"""What a client does with folders."""

from __future__ import annotations

from coredata_async.collection import creator, getter, lister
from coredata_async.message import Send
from coredata_async.resources.folders import FOLDERS


class Folders:
    """The folders of a tenant: `list`, `get`, `create`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, FOLDERS)
        self.get = getter(send, FOLDERS)
        self.create = creator(send, FOLDERS)
