"""Groups of projects: model, and fields to create and change."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Group:
    """Group of projects. Only its id and name are known."""

    id: str
    name: str = ""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditGroup:
    """Change to a group: only the given fields are sent."""

    name: str | Unset | None = UNSET
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewGroup(EditGroup):
    """New group."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]
