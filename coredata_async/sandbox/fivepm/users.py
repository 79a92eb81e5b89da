"""Service `users`; security levels are shown and not enforced (facts 3.5)."""

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.cascade import remove as cascade
from coredata_async.sandbox.fivepm.errors import missing, refusal
from coredata_async.sandbox.fivepm.fields import USER
from coredata_async.sandbox.fivepm.rendering import Listed, SingleView
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.values import text


def add(account: Account, asked: Arguments) -> SingleView:
    """Create a user, who can sign in at once."""
    _free(account, asked)
    return account.viewer.single(USER, objects.add(account, USER, asked))


def update(account: Account, asked: Arguments) -> SingleView:
    """Change a user."""
    _free(account, asked)
    _, after = objects.change(account, USER, asked)
    return account.viewer.single(USER, after)


def remove(account: Account, asked: Arguments) -> Response:
    """Remove a user, who can no longer sign in."""
    cascade(account.state, "user", str(objects.find_requested(account, USER, asked)["id"]))
    return {"status": True}


def get_by_id(account: Account, asked: Arguments) -> SingleView:
    """Show a user; the docs print the path of a task here (facts 8.2)."""
    return account.viewer.single(USER, objects.find_requested(account, USER, asked))


def get_by_email(account: Account, asked: Arguments) -> SingleView:
    """Show the user with this e-mail address."""
    email = text(asked.arguments, "email").casefold()
    for user in account.state.users.values():
        if str(user["email"]).casefold() == email:
            return account.viewer.single(USER, user)
    raise missing("user")


def get_all(account: Account, asked: Arguments) -> Listed:
    """List every user."""
    every = account.state.users.values()
    return account.viewer.page((account.viewer.item(USER, one) for one in every), len(every))


def _free(account: Account, asked: Arguments) -> None:
    """Refuse an address that another user has."""
    user = asked.array("user")
    email, identifier = text(user, "email").casefold(), text(user, "id")
    others = (one for number, one in account.state.users.items() if number != identifier)
    if email and any(str(one["email"]).casefold() == email for one in others):
        raise refusal(400, "This e-mail address is taken.")
