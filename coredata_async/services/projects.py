"""Service of projects: the usual verbs, and changes to lists of contacts, tags and users."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

from attrs import frozen

from coredata_async.call import perform
from coredata_async.collection import creator, deleter, getter, lister, sublister, updater
from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.ids import Id, id_of
from coredata_async.message import Send
from coredata_async.resources.projects import PROJECTS, EditProject, Project
from coredata_async.resources.registry import PROJECT_FILES, PROJECT_FOLDERS, PROJECT_TASKS
from coredata_async.wire import calls
from coredata_async.wire.convert import structure
from coredata_async.wire.resource import Paging

Strings = tuple[str, ...]


class Projects:
    """The projects of a tenant: the usual verbs, the objects in one project, and changes to its lists.

    The service replaces a list as a whole and offers no lock. So `add_…` and `remove_…` read the list, change
    it and write it back: two requests, or one if nothing changes. They are safe to repeat. Calls of one
    client wait for each other. A change by another writer between the two requests is undone.
    """

    def __init__(self, send: Send, locks: WeakValueDictionary[str, asyncio.Lock]) -> None:
        self._send = send
        self._locks = locks  # by id, shared by the copies of a client
        self.list = lister(send, PROJECTS)
        self.get = getter(send, PROJECTS)
        self.create = creator(send, PROJECTS)
        self.update = updater(send, PROJECTS)
        self.delete = deleter(send, PROJECTS)
        self.files = sublister(send, PROJECT_FILES, Paging)
        self.tasks = sublister(send, PROJECT_TASKS, Paging)
        self.folders = sublister(send, PROJECT_FOLDERS, Paging)

    async def add_contact(self, id: Id, contact_id: Id) -> None:  # noqa: A002
        """Connect a contact with a project.

        Sends two requests, or one if nothing changes; safe to repeat.

        Raises:
            NotFoundError: If no project has this id.

        See: https://docs.wise.is/cored/projects, "Add an existing Contact to a Project"
        """
        await self._add(id, _CONTACTS, (id_of(contact_id, "contact_id"),))

    async def remove_contact(self, id: Id, contact_id: Id) -> None:  # noqa: A002
        """Remove a contact from a project.

        Sends requests as `add_contact` does.
        """
        await self._remove(id, _CONTACTS, (id_of(contact_id, "contact_id"),))

    async def add_tags(self, id: Id, *tags: str) -> None:  # noqa: A002
        """Add tags to a project.

        Sends requests as `add_contact` does.
        """
        await self._add(id, _TAGS, tags)

    async def remove_tags(self, id: Id, *tags: str) -> None:  # noqa: A002
        """Remove tags from a project.

        Sends requests as `add_contact` does.
        """
        await self._remove(id, _TAGS, tags)

    async def add_users(self, id: Id, *usernames: str, responsible: bool = False) -> None:  # noqa: A002
        """Associate users with a project.

        Sends requests as `add_contact` does.

        Args:
            id: Id of the Project.
            usernames: Names of the users.
            responsible: True to make them responsible for the project instead.
        """
        await self._add(id, _RESPONSIBLE if responsible else _ASSOCIATED, usernames)

    async def remove_users(self, id: Id, *usernames: str, responsible: bool = False) -> None:  # noqa: A002
        """Remove users from a project.

        Sends requests as `add_contact` does.

        Args:
            id: Id of the Project.
            usernames: Names of the users.
            responsible: True to remove them from those responsible for the project instead.
        """
        await self._remove(id, _RESPONSIBLE if responsible else _ASSOCIATED, usernames)

    async def _add(self, id: Id, names: _Names, new: Sequence[str]) -> None:  # noqa: A002
        for name in new:
            if not name.strip():
                raise ConfigurationError(f"{names.field}: an empty string cannot be added")
        await self._change(id, names, lambda now: tuple(dict.fromkeys((*now, *new))))

    async def _remove(self, id: Id, names: _Names, gone: Sequence[str]) -> None:  # noqa: A002
        await self._change(id, names, lambda now: tuple(each for each in now if each not in gone))

    async def _change(self, id: Id, names: _Names, change: Callable[[Strings], Strings]) -> None:  # noqa: A002
        id = id_of(id)  # noqa: A001
        async with self._locks.setdefault(id, asyncio.Lock()):
            raw = await perform(self._send, calls.get_raw(PROJECTS, id))
            if names.field not in raw:
                raise CoreDataError(
                    f"project {id} was read without its {names.field}: writing would lose the current values"
                )
            now = names.read(structure(raw, Project))
            wanted = change(now)
            if wanted != now:
                await perform(self._send, calls.update(PROJECTS.path, id, names.edit(wanted)))


@frozen
class _Names:
    """A field that is a list of names, with the functions that read and write it."""

    field: str
    read: Callable[[Project], Strings]
    edit: Callable[[Strings], EditProject]


_CONTACTS = _Names("contacts", lambda now: now.contacts, lambda names: EditProject(contacts=names))
_TAGS = _Names("tags", lambda now: now.tags, lambda names: EditProject(tags=names))
_ASSOCIATED = _Names(
    "associated_users",
    lambda now: tuple(user.username for user in now.associated_users),
    lambda names: EditProject(associated_users=names),
)
_RESPONSIBLE = _Names(
    "responsible_users",
    lambda now: tuple(user.username for user in now.responsible_users),
    lambda names: EditProject(responsible_users=names),
)
