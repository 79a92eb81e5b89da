"""Calls of `projects`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.project import EditProject, NewProject, Project, ProjectFilter
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.ids import Id
from coredata_async.unset import UNSET, Unset

_ADD: Final = METHODS["projects.add"]
_UPDATE: Final = METHODS["projects.update"]
_REMOVE: Final = METHODS["projects.remove"]
_GET: Final = METHODS["projects.getById"]
_ALL: Final = METHODS["projects.getAll"]
_LIST: Final = METHODS["projects.getList"]


def add(form: RequestStyle, new: NewProject) -> Call[Project]:
    """Create a project."""
    return generic.add(form, _ADD, Project, new)


def update(form: RequestStyle, id: Id, edit: EditProject) -> Call[Project]:  # noqa: A002  # the service's own name
    """Change a project."""
    return generic.update(form, _UPDATE, Project, id, edit)


def remove(form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
    """Remove a project."""
    return generic.remove(form, _REMOVE, id)


def get(form: RequestStyle, id: Id) -> Call[Project]:  # noqa: A002
    """Read one project by its id."""
    return generic.get(form, _GET, Project, id)


def all(form: RequestStyle) -> Call[Items[Project]]:  # noqa: A001
    """List all projects: one answer, because no pages are documented."""
    return generic.listing(form, _ALL, Project, generic.NOTHING)


def list(  # noqa: A001  # the service's own verb
    form: RequestStyle,
    where: ProjectFilter,
    *,
    load_team: bool | Unset = UNSET,
    offset: int = 0,
    count: int | None = None,
) -> Call[Items[Project]]:
    """List the matching projects from an offset on. Whether it counts from 0 or 1 is not documented."""
    params = {
        "filter": form.encode(where),
        "loadTeam": load_team,
        "offset": offset,
        "count": count,
    }
    return generic.listing(form, _LIST, Project, params)
