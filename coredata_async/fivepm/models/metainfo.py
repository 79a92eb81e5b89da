"""Statuses and priorities of an account."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class Status:
    """Status that projects and tasks can have: 10 open, 20 on hold, 30 done, or the account's own."""

    id: str
    """The number in `Task.status`, as text like every id."""
    name: str = ""
    alias: str = ""
    is_final: bool | None = None
    """True if the status counts as closed."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class Priority:
    """Priority of projects and tasks: 1 low, 2 normal, 3 high, 4 urgent, or the account's own."""

    id: str
    """The number in `Task.priority`, as text like every id."""
    name: str = ""
    default: bool | None = None
    """True for the priority of new projects and tasks."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
