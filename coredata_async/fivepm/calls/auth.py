"""Calls of `authentication`. The sender adds the credentials, except for the sign-in."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.errors import AuthenticationError
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec import shape
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.user import User
from coredata_async.fivepm.replies import ask
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Reply

_SIGN_IN: Final = METHODS["authentication.signIn"]
_SIGN_OUT: Final = METHODS["authentication.signOut"]
_USER: Final = METHODS["authentication.getAuthorizedUser"]


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
        return found

    return ask(request, read)


def sign_out(form: RequestStyle) -> Call[bool]:
    """End a session, and return whether the service confirms it."""
    return ask(form.request(_SIGN_OUT, generic.NOTHING), lambda tree: shape.flag(tree) is not False)


def user(form: RequestStyle) -> Call[User]:
    """Read the user who sends the request."""
    return generic.call_for_object(form, _USER, User, generic.NOTHING)
