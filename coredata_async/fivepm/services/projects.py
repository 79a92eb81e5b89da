"""Service for projects."""

from __future__ import annotations

from operator import attrgetter

from attrs import field, frozen

from coredata_async.fivepm.calls import projects as calls
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.project import EditProject, NewProject, Project, ProjectFilter
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.paging import filters_only, in_range
from coredata_async.fivepm.services.verbs import adding, listing, updating
from coredata_async.ids import Id
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


class Projects:
    """Projects of an account.

    `add` and `update` return the project after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewProject, self._add, "Create a project and return it: one request.")
        self.update = updating(EditProject, self._update, "Change a project and return it: one request.")
        self.list = listing(ProjectsWanted, self._list, "List the matching projects.")

    async def get(self, id: Id) -> Project:  # noqa: A002  # the service's own name
        """Read one project: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist, or is hidden from this user.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def all(self) -> tuple[Project, ...]:
        """Return all projects, in one response; `list` returns them page by page."""
        return tuple((await perform(self._send, calls.all(self._form))).items)

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a project: one request.

        It is not documented whether it can be restored, and what is removed with it.

        Raises:
            NotFoundError: If it does not exist.
        """
        await perform(self._send, calls.remove(self._form, id))

    async def _add(self, new: NewProject) -> Project:
        return await perform(self._send, calls.add(self._form, new))

    async def _update(self, id: Id, edit: EditProject) -> Project:  # noqa: A002
        return await perform(self._send, calls.update(self._form, id, edit))

    def _list(self, wanted: ProjectsWanted) -> Listing[Project]:
        where = filters_only(wanted, ProjectFilter)

        async def fetch(offset: int, count: int | None) -> Page[Project]:
            call = calls.list(self._form, where, load_team=wanted.load_team, offset=offset, count=count)
            found = await perform(self._send, call)
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), offset=wanted.offset, page_size=wanted.page_size)
