"""The methods of the service as pure functions: each takes a `RequestStyle` first, and returns a `Call`.

The sender adds the credentials, except for the sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from attrs import frozen

from coredata_async.call import Call
from coredata_async.errors import AuthenticationError
from coredata_async.fivepm.codec import shape
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.method import Method, Route
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.account import EditUser, Group, Priority, Status, User
from coredata_async.fivepm.models.activity import Activity, File, FileFilter
from coredata_async.fivepm.models.work_items import Project, Task
from coredata_async.fivepm.names import ARGUMENTS
from coredata_async.fivepm.replies import absent, ask, removal_refused
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.ids import Id
from coredata_async.message import Reply, Request
from coredata_async.unset import Unset

T = TypeVar("T")

_SIGN_IN: Final = METHODS["authentication.signIn"]
_SIGN_OUT: Final = METHODS["authentication.signOut"]
_LONGEST_SESSION_ID: Final = 4096


@frozen
class Objects(Generic[T]):
    """Calls that the objects of all services have in common."""

    service: str
    """The service's name for itself, as `projectsgroups`."""
    model: type[T]

    def add(self, form: RequestStyle, new: object) -> Call[T]:
        """Create an object, and return it as it is in the response."""
        method = self._method("add")
        return call_for_object(form, method, self.model, {str(method.key): form.encode(new)})

    def update(self, form: RequestStyle, id: Id, edit: object) -> Call[T]:  # noqa: A002  # the service's own name
        """Change an object: send its id with the changes, and return the object in the response."""
        method = self._method("update")
        return call_for_object(form, method, self.model, _changes(form, method, id, edit))

    def remove(self, form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
        """Remove an object; the response is yes or no."""
        return call_for_flag(form, self._method("remove"), {"id": key(id)})

    def get(self, form: RequestStyle, id: Id) -> Call[T]:  # noqa: A002
        """Read one object by its id."""
        return call_for_object(form, self._method("getById"), self.model, {"id": key(id)})

    def all(self, form: RequestStyle) -> Call[Items[T]]:
        """List all objects: one answer, because no pages are documented."""
        return listing(form, self._method("getAll"), self.model, {})

    def list(
        self,
        form: RequestStyle,
        where: object,
        *,
        offset: int = 0,
        count: int | None = None,
        **options: bool | Unset,
    ) -> Call[Items[T]]:
        """List the matching objects from an offset on. Whether it counts from 0 or 1 is not documented."""
        given = {ARGUMENTS[name]: value for name, value in options.items()}
        params = {"filter": form.encode(where), **given, "offset": offset, "count": count}
        return listing(form, self._method("getList"), self.model, params)

    def _method(self, name: str) -> Method:
        return METHODS[f"{self.service}.{name}"]


projects: Final = Objects("projects", Project)
tasks: Final = Objects("tasks", Task)
users: Final = Objects("users", User)
activity: Final = Objects("activity", Activity)
groups: Final = Objects("projectsgroups", Group)


def sign_in(form: RequestStyle, *, login: str, password: str) -> Call[str]:
    """Start a session and return its id. Only GET is documented, so the password is in the query."""
    request = form.request(_SIGN_IN, {"login": login, "password": password})

    def read(tree: Tree) -> str:
        found = shape.text(tree, "sessionId").strip()
        if not found:
            raise AuthenticationError(
                f"{request.method} {request.path}: 5pm returned no session id; check login and password",
                request,
                Reply(200),
            )
        if not found.isprintable() or len(found) > _LONGEST_SESSION_ID:
            raise ValueError("the session id cannot be sent in a URL")
        return found

    return ask(request, read)


def sign_out(form: RequestStyle) -> Call[bool]:
    """End a session, and return whether the service confirms it."""
    return ask(form.request(_SIGN_OUT, {}), lambda tree: shape.flag(tree) is not False)


def get_authorized_user(form: RequestStyle) -> Call[User]:
    """Read the user who sends the request."""
    return call_for_object(form, METHODS["authentication.getAuthorizedUser"], User, {})


def statuses(form: RequestStyle) -> Call[Items[Status]]:
    """List the statuses of the account."""
    return listing(form, METHODS["metainfo.getStatuses"], Status, {})


def priorities(form: RequestStyle) -> Call[Items[Priority]]:
    """List the priorities of the account."""
    return listing(form, METHODS["metainfo.getPriorities"], Priority, {})


def update_user(form: RequestStyle, id: Id, edit: EditUser) -> Call[User | None]:  # noqa: A002
    """Change a user. Whether the response is the user or a mere yes is not documented."""
    method = METHODS["users.update"]
    request = form.request(method, _changes(form, method, id, edit))

    def read(tree: Tree) -> User | None:
        if shape.flag(tree) is not False:
            return None if shape.flag(tree) else shape.one(tree, User)
        raise removal_refused(request)

    return ask(request, read)


def user_by_email(form: RequestStyle, email: str) -> Call[User]:
    """Read one user by e-mail address."""
    return call_for_object(form, METHODS["users.getByEmail"], User, {"email": key(email, "email")})


def attach_files(form: RequestStyle, activity_id: Id) -> Call[None]:
    """Build the request for the files of an activity, without the files: an encoder adds them to the body."""
    return call_for_flag(
        form, METHODS["activity.attachFiles"], {"activityId": key(activity_id, "activity_id")}
    )


def files(form: RequestStyle, where: FileFilter) -> Call[Items[File]]:
    """List the matching files: one answer, because no pages are documented."""
    return listing(form, METHODS["activity.getFilesList"], File, {"filter": form.encode(where)})


def remove_file(form: RequestStyle, id: Id, *, route: Route | None = None) -> Call[None]:  # noqa: A002
    """Remove a file. `route` is one of the method's `fallbacks`, to be tried after 404 or 405."""
    return call_for_flag(form, METHODS["activity.removeFile"], {"id": key(id)}, route=route)


def download(form: RequestStyle, id: Id, *, route: Route | None = None) -> Request:  # noqa: A002
    """Request the content of a file: the response is either the bytes themselves or an answer around them."""
    return form.request(METHODS["activity.downloadFile"], {"id": key(id)}, route=route, stream=True)


def call_for_object(
    form: RequestStyle, method: Method, model: type[T], params: Mapping[str, object]
) -> Call[T]:
    """Call a method that must return an object; `NotFoundError` if a reading method returns none."""
    request = form.request(method, params)

    def read(tree: Tree) -> T:
        found = shape.one(tree, model)
        if found is not None:
            return found
        if method.writes:
            raise ValueError(f"the response contains no {model.__name__}")
        raise absent(request, model.__name__)

    return ask(request, read)


def listing(
    form: RequestStyle, method: Method, model: type[T], params: Mapping[str, object]
) -> Call[shape.Items[T]]:
    """Call a method that returns several objects, or none."""
    return ask(form.request(method, params), lambda tree: shape.many(tree, model))


def call_for_flag(
    form: RequestStyle, method: Method, params: Mapping[str, object], *, route: Route | None = None
) -> Call[None]:
    """Call a method that returns yes or no: no is an error, and so is a response that is neither."""
    request = form.request(method, params, route=route)

    def read(tree: Tree) -> None:
        said = shape.flag(tree)
        if said is None:
            raise ValueError("the response is neither yes nor no")
        if not said:
            raise removal_refused(request)

    return ask(request, read)


def _changes(form: RequestStyle, method: Method, id: Id, edit: object) -> Mapping[str, object]:  # noqa: A002
    return {str(method.key): {**form.encode(edit), "id": key(id)}}
