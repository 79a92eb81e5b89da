"""Calls of `users`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec import shape
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.user import EditUser, NewUser, User
from coredata_async.fivepm.replies import ask, removal_refused
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.ids import Id

_ADD: Final = METHODS["users.add"]
_UPDATE: Final = METHODS["users.update"]
_REMOVE: Final = METHODS["users.remove"]
_GET: Final = METHODS["users.getById"]
_BY_EMAIL: Final = METHODS["users.getByEmail"]
_ALL: Final = METHODS["users.getAll"]


def add(form: RequestStyle, new: NewUser) -> Call[User]:
    """Create a user."""
    return generic.add(form, _ADD, User, new)


def remove(form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
    """Remove a user."""
    return generic.remove(form, _REMOVE, id)


def get(form: RequestStyle, id: Id) -> Call[User]:  # noqa: A002
    """Read one user by its id."""
    return generic.get(form, _GET, User, id)


def update(form: RequestStyle, id: Id, edit: EditUser) -> Call[User | None]:  # noqa: A002
    """Change a user. Whether the response is the user or a mere yes is not documented."""
    request = form.request(_UPDATE, generic.changes(form, _UPDATE, id, edit))

    def read(tree: Tree) -> User | None:
        if shape.flag(tree) is not False:
            return None if shape.flag(tree) else shape.one(tree, User)
        raise removal_refused(request)

    return ask(request, read)


def get_by_email(form: RequestStyle, email: str) -> Call[User]:
    """Read one user by e-mail address."""
    return generic.call_for_object(form, _BY_EMAIL, User, {"email": key(email, "email")})


def list(form: RequestStyle) -> Call[Items[User]]:  # noqa: A001
    """List all users: one answer, because no pages are documented."""
    return generic.listing(form, _ALL, User, generic.NOTHING)
