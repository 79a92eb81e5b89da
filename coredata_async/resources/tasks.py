"""What a task is, how to filter tasks, how to make and change one, and where they live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from coredata_async.resources.document import DatedWhere, Document, ProjectRef, SpaceRef, UserRef
from coredata_async.resources.values import ListValue
from coredata_async.wire.kind import UNSET, EditableKind, Proof, Unset


@frozen(kw_only=True)
class Task(Document):
    """A piece of work in a project that somebody is assigned to."""

    status: ListValue = field(default=ListValue(""))
    """`task_status:In_progress:`; which list it is of depends on the dynatype."""
    status_message: str = ""
    due_date: date | None = None
    project: ProjectRef | None = None
    space: SpaceRef | None = None
    contacts: tuple[str, ...] = ()
    """Ids."""
    associated_contacts_id: tuple[str, ...] = ()
    associated_users: tuple[UserRef, ...] = ()
    connected_users: tuple[str, ...] = ()
    """Usernames."""
    responsible_users: tuple[UserRef, ...] = ()


@frozen(kw_only=True)
class TaskWhere(DatedWhere):
    """Which tasks to list.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """

    associated_contacts_id: str | None = None
    """Id of a contact."""


@frozen(kw_only=True)
class NewTask:
    """A task to be.

    Only `project` and `title` were ever seen in use; the others are taken from the fields of a task.
    """

    project: str
    """Id."""
    title: str
    aspects: Mapping[str, Any] | None = None
    associated_users: Sequence[str] | None = None
    """Usernames."""
    contacts: Sequence[str] | None = None
    """Ids."""
    description: str | None = None
    due_date: date | None = None
    responsible_users: Sequence[str] | None = None
    """Usernames."""
    status: str | None = None
    status_message: str | None = None
    tags: Sequence[str] | None = None


@frozen(kw_only=True)
class EditTask:
    """A change to a task: only what is given is sent, `None` clears, a list replaces the whole list."""

    title: str | Unset = UNSET
    aspects: Mapping[str, Any] | Unset | None = UNSET
    associated_users: Sequence[str] | Unset | None = UNSET
    contacts: Sequence[str] | Unset | None = UNSET
    description: str | Unset | None = UNSET
    due_date: date | Unset | None = UNSET
    responsible_users: Sequence[str] | Unset | None = UNSET
    status: str | Unset | None = UNSET
    status_message: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET


_OLD_JAVA: Final = Proof("legacy", "github.com/joningis/coredata-java-api (2014)")
_OLD_PYTHON: Final = Proof("legacy", "github.com/koddsson/coredata-python-client (2014)")

TASKS = EditableKind(
    path="/api/v2/tasks/",
    model=Task,
    where=TaskWhere,
    new=NewTask,
    edit=EditTask,
    source="https://docs.wise.is/cored/tasks",
    proofs={"create": _OLD_JAVA, "update": _OLD_PYTHON, "delete": _OLD_PYTHON},
)
