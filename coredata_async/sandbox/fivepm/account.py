"""One customer's 5pm, `box.fivepm`: its objects, its sessions, and the authentication of calls."""

import secrets
from collections.abc import Callable

from attrs import define, field

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import ADMIN, CLIENT, EMPTY, MEMBER, USER, text
from coredata_async.sandbox.fivepm.parsing import Arguments, Array, refusal
from coredata_async.sandbox.fivepm.rendering import SingleView, Viewer
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.state import Email, State

LIFETIME = 30 * 60.0
_PEOPLE = (
    ("leia@5pm.invalid", "Leia", "Organa", ADMIN),
    ("rey@5pm.invalid", "Rey", "Skywalker", MEMBER),
    ("lando@5pm.invalid", "Lando", "Calrissian", CLIENT),
)


@define(eq=False, repr=False)
class Sessions:
    """Tokens and their users."""

    clock: Callable[[], float]
    opened: int = 0
    """Number of sign-ins."""
    _open: dict[str, tuple[str, float]] = field(factory=dict[str, tuple[str, float]])

    def open(self, user: str) -> str:
        """Sign a user in."""
        token = secrets.token_hex(16)
        self._open[token] = user, self.clock()
        self.opened += 1
        return token

    def user(self, token: str, *, sliding: bool) -> str | None:
        """Return the user of a session; None after its end."""
        user, since = self._open.get(token, ("", 0.0))
        if not user or self.clock() - since >= LIFETIME:
            return None
        if sliding:
            self._open[token] = user, self.clock()
        return user

    def close(self, token: str) -> None:
        """Sign out."""
        self._open.pop(token, None)

    def expire(self) -> None:
        """End every session."""
        self._open.clear()

    @property
    def count(self) -> int:
        """Number of stored sessions, including ended ones."""
        return len(self._open)


@define(eq=False, repr=False)
class Account:
    """Account with three users: an administrator (whose login is `login`), a user and a client."""

    clock: Callable[[], float]
    _where: Callable[[], str]
    dialect: Dialect = field(factory=Dialect)
    """Dialect of the responses; may be set at any time."""
    password: str = field(factory=lambda: secrets.token_hex(20))
    state: State = field(init=False)
    sessions: Sessions = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.state = State(self.clock)
        self.sessions = Sessions(self.clock)
        for email, first, last, level in _PEOPLE:
            blank = {name: EMPTY[kind] for name, kind in USER.fields.items()}
            said = {"email": email, "firstName": first, "lastName": last, "securityLevel": level}
            self.state.add(USER, {**blank, **said, "password": self.password, "canViewProfiles": True})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    @property
    def url(self) -> str:
        """Scheme, host and port, which a client accepts as its account."""
        return self._where()

    @property
    def login(self) -> str:
        """Login of the administrator; the others have the same password."""
        return _PEOPLE[0][0]

    @property
    def viewer(self) -> Viewer:
        """Renderer of objects in the current dialect."""
        return Viewer(dialect=self.dialect, state=self.state)

    @property
    def emails(self) -> list[Email]:
        """E-mails that the notify flags would have sent, oldest first."""
        return self.state.emails

    def expire_sessions(self) -> None:
        """End every session, as half an hour does."""
        self.sessions.expire()


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
    """Close the named session; the documented "no arguments" cannot be complete."""
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
