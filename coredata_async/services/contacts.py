"""What a client does with contacts."""

from __future__ import annotations

from coredata_async.collection import creator, getter, lister, sublister
from coredata_async.message import Send
from coredata_async.resources.contacts import CONTACTS
from coredata_async.resources.registry import CONTACT_FILES, CONTACT_PROJECTS, CONTACT_TASKS
from coredata_async.wire.resource import Paging


class Contacts:
    """The contacts of a tenant: `list`, `get`, `create`, and what belongs to one."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, CONTACTS)
        self.get = getter(send, CONTACTS)
        self.create = creator(send, CONTACTS)
        self.projects = sublister(send, CONTACT_PROJECTS, Paging)
        self.files = sublister(send, CONTACT_FILES, Paging)
        self.tasks = sublister(send, CONTACT_TASKS, Paging)
