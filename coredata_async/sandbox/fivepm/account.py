"""One customer's 5pm, for tests: `box.fivepm`."""

import secrets
from collections.abc import Callable

from attrs import define, field

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import ADMIN, CLIENT, EMPTY, MEMBER, USER
from coredata_async.sandbox.fivepm.rendering import Viewer
from coredata_async.sandbox.fivepm.sessions import Sessions
from coredata_async.sandbox.fivepm.state import Email, State

_PEOPLE = (
    ("leia@5pm.invalid", "Leia", "Organa", ADMIN),
    ("rey@5pm.invalid", "Rey", "Skywalker", MEMBER),
    ("lando@5pm.invalid", "Lando", "Calrissian", CLIENT),
)


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
