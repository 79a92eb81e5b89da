"""What a group of projects is, and how to make and change one."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Group:
    """A group of projects. Only its id and name are known."""

    id: str
    name: str = ""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditGroup:
    """A change to a group: only what is given is sent."""

    name: str | Unset | None = UNSET
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewGroup(EditGroup):
    """A group to be."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]
