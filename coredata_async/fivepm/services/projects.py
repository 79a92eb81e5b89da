"""Service for projects."""

from __future__ import annotations

from attrs import field, frozen

from coredata_async.fivepm import calls
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.models.project import EditProject, NewProject, Project, ProjectFilter
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.objects import ObjectService, filters_only, in_range
from coredata_async.fivepm.services.verbs import adding, listing, updating
from coredata_async.message import Send
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class ProjectsWanted(ProjectFilter):
    """Filters of `ProjectFilter`, and the requested part of the list."""

    load_team: bool | Unset = UNSET
    """True to include the team of each."""
    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` leaves it to the server. The server may return fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Offset of the first object. Whether the first one is 0 or 1 is not documented."""


class Projects(ObjectService[Project]):
    """Projects of an account.

    `add` and `update` return the project after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.projects)
        self.add = adding(NewProject, self._add, "Create a project and return it: one request.")
        self.update = updating(EditProject, self._update, "Change a project and return it: one request.")
        self.list = listing(ProjectsWanted, self._list, "List the matching projects.")

    async def all(self) -> tuple[Project, ...]:
        """Return all projects, in one response; `list` returns them page by page."""
        return tuple((await perform(self._send, calls.projects.all(self._form))).items)

    def _list(self, wanted: ProjectsWanted) -> Listing[Project]:
        where = filters_only(wanted, ProjectFilter)
        return self._list_pages(where, wanted, load_team=wanted.load_team)
