"""What a client does with dynatypes."""

from __future__ import annotations

from coredata_async.collection import getter, lister
from coredata_async.message import Send
from coredata_async.resources.dynatypes import DYNATYPES


class Dynatypes:
    """The dynatypes of a tenant: `list`, `get`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, DYNATYPES)
        self.get = getter(send, DYNATYPES)
