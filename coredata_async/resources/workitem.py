"""Fields that projects and tasks have in common: status, due date, and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import DatedWhere, Document, SpaceRef, UserRef
from coredata_async.resources.values import ListValue
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class WorkItem(Document):
    """A piece of work."""

    status: ListValue = field(default=ListValue(""))
    """`project_status:In_progress:`. Tenants define their own; the dynatype names the value list."""
    status_message: str = ""
    due_date: date | None = None
    space: SpaceRef | None = None
    contacts: tuple[str, ...] = ()
    """Ids."""
    associated_contacts_id: tuple[str, ...] = ()
    associated_users: tuple[UserRef, ...] = ()
    connected_users: tuple[str, ...] = ()
    """Usernames."""
    responsible_users: tuple[UserRef, ...] = ()


@frozen(kw_only=True)
class WorkItemWhere(DatedWhere):
    """Filters that projects and tasks have in common."""

    associated_contacts_id: str | HasId | None = None
    """Id of a contact."""


@frozen(kw_only=True)
class NewWorkItem:
    """Fields for creating a project or a task."""

    title: str
    aspects: Mapping[str, Any] | None = None
    """Only aspects that the template has: `{"url": {"url": "www.example.is"}}`."""
    associated_users: Sequence[str] | None = None
    """Usernames, although responses contain objects."""
    contacts: Sequence[str | HasId] | None = None
    """Ids."""
    description: str | None = None
    due_date: date | None = None
    responsible_users: Sequence[str] | None = None
    """Usernames."""
    status: str | None = None
    """A value list string: `project_status:Pending:`."""
    status_message: str | None = None
    tags: Sequence[str] | None = None


@frozen(kw_only=True)
class EditWorkItem:
    """Fields of a project or a task that can be changed."""

    title: str | Unset = UNSET
    aspects: Mapping[str, Any] | Unset | None = UNSET
    associated_users: Sequence[str] | Unset | None = UNSET
    contacts: Sequence[str | HasId] | Unset | None = UNSET
    description: str | Unset | None = UNSET
    due_date: date | Unset | None = UNSET
    responsible_users: Sequence[str] | Unset | None = UNSET
    status: str | Unset | None = UNSET
    status_message: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
