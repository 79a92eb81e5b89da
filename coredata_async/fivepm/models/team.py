"""Teams of projects and tasks."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from coredata_async.fivepm.models.user import User


@frozen(kw_only=True)
class Team:
    """Team of a project or a task.

    It is not documented whether its items are bare ids or whole users. Both become users here, perhaps with
    an id only.
    """

    total: int | None = None
    """Number of members."""
    count: int | None = None
    """Number of users in `items`."""
    items: tuple[User, ...] = ()
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the users."""
        return tuple(user.id for user in self.items)
