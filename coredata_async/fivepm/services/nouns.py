"""Services of the client, one class for each service of 5pm except that of activities and files."""

from __future__ import annotations

from attrs import frozen

from coredata_async.fivepm import calls
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.models.account import (
    EditGroup,
    EditUser,
    Group,
    NewGroup,
    NewUser,
    Priority,
    Status,
    User,
)
from coredata_async.fivepm.models.work_items import (
    EditProject,
    EditTask,
    NewProject,
    NewTask,
    Project,
    ProjectFilter,
    Task,
    TaskFilter,
)
from coredata_async.fivepm.replies import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.objects import (
    ObjectService,
    TeamListPart,
    adding,
    filters_only,
    listing,
    updating,
)
from coredata_async.fivepm.session import Session
from coredata_async.ids import Id
from coredata_async.message import Send


class Auth:
    """Sign-in that all callers of a client share. It happens automatically, when first needed."""

    def __init__(self, send: Send, form: RequestStyle, session: Session, open_send: Send) -> None:
        self._send = send
        self._form = form
        self._session = session
        self._open_send = open_send

    async def user(self) -> User:
        """Read the user who signed in: one request, retry-safe."""
        return await perform(self._send, calls.get_authorized_user(self._form))

    async def sign_in(self) -> str:
        """Sign in, if that has not happened yet, and return the session id: at most one request.

        The id is a secret. The client renews it when it expires. A caller needs it only for requests that are
        sent without this client.

        Raises:
            AuthenticationError: If login or password is wrong.
        """
        return await self._session.enter(self._open_send)

    async def sign_out(self) -> None:
        """End the session now, for all callers; the next request signs in again.

        Raises:
            APIError: The subclass for the failed request. Closing the client signs out, too, and raises
                nothing.
        """
        await self._session.end(self._open_send)


class Metainfo:
    """Statuses and priorities of the account."""

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form

    async def statuses(self) -> tuple[Status, ...]:
        """Return the possible values of `status` of a project or a task: one request, retry-safe."""
        return tuple((await perform(self._send, calls.statuses(self._form))).items)

    async def priorities(self) -> tuple[Priority, ...]:
        """Return the possible values of `priority` of a project or a task: one request, retry-safe."""
        return tuple((await perform(self._send, calls.priorities(self._form))).items)


@frozen(kw_only=True)
class ProjectListOptions(TeamListPart, ProjectFilter):
    """Filters of `ProjectFilter`, and the requested part of the list."""


@frozen(kw_only=True)
class TaskListOptions(TeamListPart, TaskFilter):
    """Filters of `TaskFilter`, and the requested part of the list."""


class Projects(ObjectService[Project]):
    """Projects of an account.

    `add` and `update` return the project after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.projects)
        self.add = adding(NewProject, self._add, "Create a project and return it: one request.")
        self.update = updating(EditProject, self._update, "Change a project and return it: one request.")
        self.list = listing(ProjectListOptions, self._list, "List the matching projects.")

    async def all(self) -> tuple[Project, ...]:
        """Return all projects, in one response; `list` returns them page by page."""
        return tuple((await perform(self._send, calls.projects.all(self._form))).items)

    def _list(self, wanted: ProjectListOptions) -> Listing[Project]:
        where = filters_only(wanted, ProjectFilter)
        return self._list_pages(where, wanted, load_team=wanted.load_team)


class Tasks(ObjectService[Task]):
    """Tasks of an account, inside projects and on their own.

    `add` and `update` return the task after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.tasks)
        self.add = adding(NewTask, self._add, "Create a task and return it: one request.")
        self.update = updating(EditTask, self._update, "Change a task and return it: one request.")
        self.list = listing(TaskListOptions, self._list, "List the matching tasks.")

    def _list(self, wanted: TaskListOptions) -> Listing[Task]:
        where = filters_only(wanted, TaskFilter)
        return self._list_pages(where, wanted, load_team=wanted.load_team)


class Users(ObjectService[User]):
    """Users of an account. A removed user can no longer sign in.

    `add` returns the user after the change; `update` returns `None` if the service answers only yes.
    Both are retried only if they provably were not carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.users)
        self.add = adding(NewUser, self._add, "Create a user and return it: one request.")
        self.update = updating(EditUser, self._change, "Change a user and return it, if the service does.")

    async def get_by_email(self, email: str) -> User:
        """Read the user with an e-mail address: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist.
        """
        return await perform(self._send, calls.user_by_email(self._form, email))

    def list(self) -> Listing[User]:
        """List all users: one response, because no pages are documented."""
        return self._list_all()

    async def _change(self, id: Id, edit: EditUser) -> User | None:  # noqa: A002
        return await perform(self._send, calls.update_user(self._form, id, edit))


class Groups(ObjectService[Group]):
    """Groups of projects and tasks; the service calls them `projectsgroups`.

    `add` and `update` return the group after the change. They are retried only if they provably were not
    carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.groups)
        self.add = adding(NewGroup, self._add, "Create a group and return it: one request.")
        self.update = updating(EditGroup, self._update, "Change a group and return it: one request.")

    def list(self) -> Listing[Group]:
        """List all groups: one response, because no pages are documented."""
        return self._list_all()
