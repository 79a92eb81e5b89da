"""What statuses and priorities an account knows."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class Status:
    """A status that projects and tasks can have: 10 open, 20 on hold, 30 done, or the account's own."""

    id: str
    """The number that `Task.status` holds, as a text like every id."""
    name: str = ""
    alias: str = ""
    is_final: bool | None = None
    """Whether what has it counts as closed."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class Priority:
    """A priority of projects and tasks: 1 low, 2 normal, 3 high, 4 urgent, or the account's own."""

    id: str
    """The number that `Task.priority` holds, as a text like every id."""
    name: str = ""
    default: bool | None = None
    """Whether new projects and tasks get it."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
