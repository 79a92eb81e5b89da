"""What a client does with comments."""

from __future__ import annotations

from coredata_async.collection import creator, getter, lister
from coredata_async.message import Send
from coredata_async.resources.comments import COMMENTS


class Comments:
    """The comments in a tenant: `list`, `get`, `create`. They cannot be changed or deleted."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, COMMENTS)
        self.get = getter(send, COMMENTS)
        self.create = creator(send, COMMENTS)
