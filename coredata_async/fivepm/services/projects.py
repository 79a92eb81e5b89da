"""What a client does with projects."""

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
    """Which projects to list, and how: the filters of `ProjectFilter`, and which part."""

    load_team: bool | Unset = UNSET
    """Whether each comes with its team."""
    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` is the server's own idea. It may give fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Where to begin. Whether the first one is 0 or 1 is not documented."""


class Projects:
    """The projects of an account.

    `add` and `update` give the project as it is afterwards. They are repeated only if they provably were
    not carried out; otherwise `OutcomeUnknownError` says so. `list` gives a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewProject, self._add, "Make a project and return it: one exchange.")
        self.update = updating(EditProject, self._update, "Change a project and return it: one exchange.")
        self.list = listing(ProjectsWanted, self._list, "List the projects that match.")

    async def get(self, id: Id) -> Project:  # noqa: A002  # the service's own name
        """Read one project: one exchange, repeat-safe.

        Raises:
            NotFoundError: There is none with this id, or it is hidden from this user.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def all(self) -> tuple[Project, ...]:
        """All projects, in one answer: `list` gives them page by page."""
        return tuple((await perform(self._send, calls.all(self._form))).items)

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a project: one exchange. No way back is documented, nor what goes with it.

        Raises:
            NotFoundError: There is none with this id.
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
