"""What a client does with documents of any kind."""

from __future__ import annotations

from coredata_async.collection import deleter, getter, lister
from coredata_async.message import Send
from coredata_async.resources.documents import DOCUMENTS


class Documents:
    """All documents of a tenant: `list`, `get`, `delete`. What only their kind has is in `extra`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, DOCUMENTS)
        self.get = getter(send, DOCUMENTS)
        self.delete = deleter(send, DOCUMENTS)
