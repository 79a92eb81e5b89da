"""What a client does with value lists."""

from __future__ import annotations

from coredata_async.collection import getter, lister
from coredata_async.message import Send
from coredata_async.resources.value_lists import VALUE_LISTS


class ValueLists:
    """The value lists of a tenant: `list`, and `get` by name, with entries."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, VALUE_LISTS)
        self.get = getter(send, VALUE_LISTS)
