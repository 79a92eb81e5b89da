"""One customer's 5pm, for tests: `box.fivepm`; with its sessions."""

import secrets
from collections.abc import Callable

from attrs import define, field

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import ADMIN, CLIENT, EMPTY, MEMBER, USER
from coredata_async.sandbox.fivepm.rendering import Viewer
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
