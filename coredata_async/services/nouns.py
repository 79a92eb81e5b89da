"""Services of the resources that need little more than the verbs of their rows."""

from __future__ import annotations

from attrs import evolve, frozen

from coredata_async.call import perform
from coredata_async.collection import creator, deleter, getter, lister, sublister, updater
from coredata_async.errors import NotFoundError
from coredata_async.listing import Listing, list_resource
from coredata_async.message import Reply, Send
from coredata_async.resources.comments import COMMENTS
from coredata_async.resources.contacts import CONTACTS
from coredata_async.resources.containers import FOLDERS, SPACES
from coredata_async.resources.document import DOCUMENTS
from coredata_async.resources.projects import PROJECTS, TASKS, Project
from coredata_async.resources.registry import CONTACT_FILES, CONTACT_PROJECTS, CONTACT_TASKS, SPACE_PROJECTS
from coredata_async.resources.users import USERS, User
from coredata_async.resources.vocabulary import DYNATYPES, VALUE_LISTS
from coredata_async.storage.dialects import expiry
from coredata_async.wire import calls
from coredata_async.wire.blobs import Reservation, reserve
from coredata_async.wire.resource import Paging

ME = "/api/v2/user/"
RECENT = "/api/v2/user/projects/recent/"


class Spaces:
    """The spaces of a tenant: `list`, `get`, and the projects in one."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, SPACES)
        self.get = getter(send, SPACES)
        self.projects = sublister(send, SPACE_PROJECTS, Paging)


class Folders:
    """The folders of a tenant: `list`, `get`, `create`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, FOLDERS)
        self.get = getter(send, FOLDERS)
        self.create = creator(send, FOLDERS)


class Tasks:
    """The tasks of a tenant: `list`, `get`, `create`, `update`, `delete`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, TASKS)
        self.get = getter(send, TASKS)
        self.create = creator(send, TASKS)
        self.update = updater(send, TASKS)
        self.delete = deleter(send, TASKS)


class Contacts:
    """The contacts of a tenant: `list`, `get`, `create`, and the objects of one contact."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, CONTACTS)
        self.get = getter(send, CONTACTS)
        self.create = creator(send, CONTACTS)
        self.projects = sublister(send, CONTACT_PROJECTS, Paging)
        self.files = sublister(send, CONTACT_FILES, Paging)
        self.tasks = sublister(send, CONTACT_TASKS, Paging)


class Users:
    """The users of a tenant: `list`, and `get` by username. The service does not allow changes."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, USERS)
        self.get = getter(send, USERS)


class Comments:
    """The comments in a tenant: `list`, `get`, `create`. They cannot be changed or deleted."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, COMMENTS)
        self.get = getter(send, COMMENTS)
        self.create = creator(send, COMMENTS)


class ValueLists:
    """The value lists of a tenant: `list`, and `get` by name, with entries."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, VALUE_LISTS)
        self.get = getter(send, VALUE_LISTS)


class Dynatypes:
    """The dynatypes of a tenant: `list`, `get`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, DYNATYPES)
        self.get = getter(send, DYNATYPES)


class Documents:
    """All documents of a tenant: `list`, `get`, `delete`. Fields of a particular kind are in `extra`."""

    def __init__(self, send: Send) -> None:
        self.list = lister(send, DOCUMENTS)
        self.get = getter(send, DOCUMENTS)
        self.delete = deleter(send, DOCUMENTS)


class Blobs:
    """Reserved storage objects that are not registered as Files yet."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def reserve(self, *, content_length: int, content_type: str | None = None) -> Reservation:
        """Reserve a blob and return the signed URL for its bytes. Sends one request.

        PUT exactly `content_length` bytes to `put_url`, used byte for byte, with exactly this Content-Type
        (or none, if none is given), a Content-Length, and no Authorization. Then register it as a File with
        `files.create(blob_name=…)`. Safe to repeat: it only leaves an unused name.

        Args:
            content_length: Number of bytes.
            content_type: MIME type to declare.

        See: https://docs.wise.is/cored/files-v3
        """
        reserved = await perform(self._send, reserve(content_length, content_type))
        return evolve(reserved, expires=expiry(reserved.put_url))


@frozen
class UserHome:
    """The current user, and the projects that they visited."""

    _send: Send

    async def me(self) -> User:
        """Return the current user, see `CoreData.me`. The service answers with a listing of one."""
        call = calls.list_page(ME, USERS.model, Paging(), limit=None, offset=0)
        page = await perform(self._send, call)
        if not page.items:
            raise NotFoundError("the service returned no current user", call.request, Reply(404))
        return page.items[0]

    def recent_projects(self) -> Listing[Project]:
        """List the recent projects, see `CoreData.recent_projects`."""
        return list_resource(self._send, PROJECTS, Paging(page_size=None), path=RECENT)
