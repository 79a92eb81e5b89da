"""Calls of `projectsgroups`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.group import EditGroup, Group, NewGroup
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.ids import Id

_ADD: Final = METHODS["projectsgroups.add"]
_UPDATE: Final = METHODS["projectsgroups.update"]
_REMOVE: Final = METHODS["projectsgroups.remove"]
_GET: Final = METHODS["projectsgroups.getById"]
_ALL: Final = METHODS["projectsgroups.getAll"]


def add(form: RequestStyle, new: NewGroup) -> Call[Group]:
    """Create a group."""
    return generic.add(form, _ADD, Group, new)


def update(form: RequestStyle, id: Id, edit: EditGroup) -> Call[Group]:  # noqa: A002  # the service's own name
    """Change a group."""
    return generic.update(form, _UPDATE, Group, id, edit)


def remove(form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
    """Remove a group."""
    return generic.remove(form, _REMOVE, id)


def get(form: RequestStyle, id: Id) -> Call[Group]:  # noqa: A002
    """Read one group by its id."""
    return generic.get(form, _GET, Group, id)


def list(form: RequestStyle) -> Call[Items[Group]]:  # noqa: A001
    """List all groups: one answer, because no pages are documented."""
    return generic.listing(form, _ALL, Group, generic.NOTHING)
