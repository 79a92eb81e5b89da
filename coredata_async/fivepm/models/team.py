"""Who works on a project or a task."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from coredata_async.fivepm.models.user import User


@frozen(kw_only=True)
class Team:
    """The team of a project or a task.

    Whether its items are bare ids or whole users is not documented: both become users here, perhaps with
    nothing but an id.
    """

    total: int | None = None
    """How many there are."""
    count: int | None = None
    """How many are in `items`."""
    items: tuple[User, ...] = ()
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the users."""
        return tuple(user.id for user in self.items)
