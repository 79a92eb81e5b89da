"""Service `authentication`, and the authentication of every other call (facts 2)."""

from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.errors import refusal
from coredata_async.sandbox.fivepm.fields import USER
from coredata_async.sandbox.fivepm.parsing import Arguments, Array
from coredata_async.sandbox.fivepm.rendering import SingleView
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.values import text


def admit(account: Account, arguments: Array) -> str:
    """Return the id of the authenticated user, or refuse."""
    token, login = text(arguments, "sessionId"), text(arguments, "login")
    user = account.sessions.user(token, sliding=account.dialect.sliding)
    if user is None and login and account.dialect.per_call:
        user = _user_of(account, arguments)
    if user is None or user not in account.state.users:
        raise refusal(
            401, "Your session has expired. Please sign in." if token else "Authentication is required."
        )
    return user


def sign_in(account: Account, asked: Arguments) -> Response:
    """Open a session."""
    user = _user_of(account, asked.arguments)
    if user is None:
        raise refusal(401, "Wrong login or password.")
    return {"sessionId": account.sessions.open(user)}


def sign_out(account: Account, asked: Arguments) -> Response:
    """Close the named session; the documented "no arguments" cannot be complete (facts 8.13)."""
    account.sessions.close(text(asked.arguments, "sessionId"))
    return {"signOutState": True}


def get_authorized_user(account: Account, asked: Arguments) -> SingleView:
    """Show the authenticated user."""
    return account.viewer.single(USER, account.state.users[asked.user])


def _user_of(account: Account, arguments: Array) -> str | None:
    login, password = text(arguments, "login").casefold(), text(arguments, "password")
    for identifier, user in account.state.users.items():
        if str(user["email"]).casefold() == login and user["password"] == password and password:
            return identifier
    return None
