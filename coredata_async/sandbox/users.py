"""Users, the authenticated user, and the Projects that this user visited (facts 2.8, 2.9)."""

from collections.abc import Sequence

from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import User
from coredata_async.sandbox.projects import PROJECTS
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.simple_collection import Shown, SimpleCollection, envelope
from coredata_async.sandbox.state import State

_KEPT = 10
"""Maximum number of visited Projects that are remembered."""


def render(user: User, path: str) -> Shown:
    """Return a user as it is sent: without an id, because the key is the username."""
    return {
        **user.embed(),
        # Plural in the list, singular in the details (facts 4.5).
        "resource_uri": f"{path}{user.username}/",
        "user_type": user.user_type,
    }


def everybody(state: State) -> Sequence[Shown]:
    """Return all users, in the order of creation."""
    return [render(user, "/api/v2/users/") for user in state.users.values()]


def details(state: State, username: str) -> Shown | None:
    """Return one user."""
    user = state.users.get(username)
    return render(user, "/api/v2/user/") if user else None


async def me(service: Service, call: Call) -> Answer:
    """Return a list of one: the authenticated user (facts 3.1)."""
    return envelope(service, call, [render(service.state.author, "/api/v2/user/")])


async def recent(service: Service, call: Call) -> Answer:
    """List the Projects whose details were read last, the latest first."""
    return PROJECTS.list_page(service, call, service.state.recently_visited(PROJECTS.kind)[:_KEPT])


USERS = SimpleCollection(
    name="users", path="/api/v2/users/", one="/api/v2/user/{}/", entries=everybody, entry=details
)
ROUTES = (
    Route("GET", "/api/v2/user/", "users.me", me),
    Route("GET", "/api/v2/user/projects/recent/", "users.recent", recent),
)
