"""Users, groups, statuses and priorities of an account: models, and fields to create and change."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from attrs import field, frozen

from coredata_async.unset import UNSET, Unset


class SecurityLevel(IntEnum):
    """Levels that the vendor names. An account may have others, so models keep a plain number."""

    ADMIN = 0
    USER = 100
    EXTERNAL = 150
    CLIENT = 200


@frozen(kw_only=True)
class User:
    """Person with a login. A password in a response is dropped."""

    id: str
    title: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    address: str = ""
    work_phone: str = ""
    cell_phone: str = ""
    company: str = ""
    security_level: int | None = None
    """Level: 0 administrator, 100 user, 150 external, 200 client.

    See `SecurityLevel`.
    """
    comment: str = ""
    can_view_profiles: bool | None = None
    avatar: str = ""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditUser:
    """Change to a user: only the given fields are sent, and `None` clears."""

    title: str | Unset | None = UNSET
    email: str | Unset | None = UNSET
    password: str | Unset | None = field(default=UNSET, repr=False)
    """Password of the user."""
    first_name: str | Unset | None = UNSET
    last_name: str | Unset | None = UNSET
    address: str | Unset | None = UNSET
    work_phone: str | Unset | None = UNSET
    cell_phone: str | Unset | None = UNSET
    company: str | Unset | None = UNSET
    security_level: int | Unset | None = UNSET
    """Level: 0 administrator, 100 user, 150 external, 200 client.

    See `SecurityLevel`.
    """
    comment: str | Unset | None = UNSET
    can_view_profiles: bool | Unset | None = UNSET
    """True to let the user view the profiles of others."""
    avatar: str | Unset | None = UNSET
    """The format is not documented."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewUser(EditUser):
    """New user. The service was observed to require these four fields: not documented."""

    first_name: str  # pyright: ignore[reportGeneralTypeIssues]
    email: str  # pyright: ignore[reportGeneralTypeIssues]
    password: str = field(repr=False)
    security_level: int  # pyright: ignore[reportGeneralTypeIssues]
    """Level: 0 administrator, 100 user, 150 external, 200 client.

    See `SecurityLevel`.
    """


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
