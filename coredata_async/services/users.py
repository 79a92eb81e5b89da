"""What a client does with users."""

from __future__ import annotations

from coredata_async.collection import getter, lister
from coredata_async.message import Send
from coredata_async.resources.users import USERS


class Users:
    """The users of a tenant: `list`, and `get` by username. The service lets nobody change them."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, USERS)
        self.get = getter(send, USERS)
