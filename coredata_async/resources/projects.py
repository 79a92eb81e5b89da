"""What a project is, how to filter projects, how to make and change one, and where they live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from attrs import field, frozen

from coredata_async.resources.document import DatedWhere, Document, SpaceRef, UserRef
from coredata_async.resources.values import ListValue
from coredata_async.wire.kind import UNSET, EditableKind, Unset


@frozen(kw_only=True)
class Project(Document):
    """A piece of work with its own files, folders, tasks and people."""

    identifier: str = ""
    """Year and number, `2016-189`."""
    status: ListValue = field(default=ListValue(""))
    """`project_status:In_progress:`. Tenants define their own."""
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
    fileplan: str = ""
    fileplan_title: str = ""


@frozen(kw_only=True)
class ProjectWhere(DatedWhere):
    """Which projects to list.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """

    associated_contacts_id: str | None = None
    """Id of a contact."""


@frozen(kw_only=True)
class NewProject:
    """A project to be.

    Source: https://docs.wise.is/cored/projects, "Create Project".
    """

    space: str
    """Id."""
    title: str
    aspects: Mapping[str, Any] | None = None
    """Only aspects that the template has: `{"url": {"url": "www.example.is"}}`."""
    associated_users: Sequence[str] | None = None
    """Usernames, though responses give objects."""
    contacts: Sequence[str] | None = None
    """Ids."""
    description: str | None = None
    due_date: date | None = None
    fileplan: str | None = None
    """Id of a fileplan category."""
    responsible_users: Sequence[str] | None = None
    """Usernames."""
    status: str | None = None
    """As it goes over the wire: `project_status:Pending:`."""
    status_message: str | None = None
    sub_project_of: Sequence[str] | None = None
    """Ids of projects of dynatype Programme; no response ever shows it."""
    tags: Sequence[str] | None = None
    template: str | None = None
    """Id of a project template."""


@frozen(kw_only=True)
class EditProject:
    """A change to a project: only what is given is sent, `None` clears, a list replaces the whole list.

    Source: https://docs.wise.is/cored/projects, "Update Project".
    """

    space: str | Unset = UNSET
    title: str | Unset = UNSET
    aspects: Mapping[str, Any] | Unset | None = UNSET
    associated_users: Sequence[str] | Unset | None = UNSET
    contacts: Sequence[str] | Unset | None = UNSET
    description: str | Unset | None = UNSET
    due_date: date | Unset | None = UNSET
    fileplan: str | Unset | None = UNSET
    responsible_users: Sequence[str] | Unset | None = UNSET
    status: str | Unset | None = UNSET
    status_message: str | Unset | None = UNSET
    sub_project_of: Sequence[str] | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    template: str | Unset | None = UNSET


PROJECTS = EditableKind(
    path="/api/v2/projects/",
    model=Project,
    where=ProjectWhere,
    new=NewProject,
    edit=EditProject,
    source="https://docs.wise.is/cored/projects",
)
