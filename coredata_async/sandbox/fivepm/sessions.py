"""Sessions: tokens, each valid for half an hour (facts 2)."""

import secrets
from collections.abc import Callable

from attrs import define, field

LIFETIME = 30 * 60.0


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
