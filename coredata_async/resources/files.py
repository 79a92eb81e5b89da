"""Files: model, filters, metadata changes and endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from coredata_async.errors import ConfigurationError
from coredata_async.ids import HasId, id_of
from coredata_async.resources.document import DatedWhere, Document, ProjectRef, SpaceRef
from coredata_async.unset import UNSET, Unset
from coredata_async.wire.files import comma_joined
from coredata_async.wire.resource import Evidence, Resource, segment


@frozen(kw_only=True)
class File(Document):
    """A document with content."""

    filename: str = ""
    size: int | None = None
    """Size in bytes; `None` is unknown, not empty."""
    digest: str | None = None
    """MD5 in hexadecimal; `None` is unknown."""
    mime_type: str = ""
    blob_name: str | None = None
    """Name of the blob in the storage; some listings omit it."""
    category: str = ""
    parent: str = ""
    """Id. For a file in a project this is the project's workspace, not the project itself."""
    project: ProjectRef | None = None
    space: SpaceRef | None = None
    folder: str = ""
    fileplan: str = ""
    fileplan_title: str = ""
    owner: Any = None
    """`None` in every known sample."""
    userhome: Any = None
    """`None` in every known sample."""


@frozen(kw_only=True)
class FileWhere(DatedWhere):
    """Filters for listing files.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """

    parent: str | HasId | None = None
    """Id of a folder. The id of a project may find nothing.

    `projects.files(id)` lists those of a project.
    """
    associated_contacts_id: str | HasId | None = None
    """Id of a contact."""


@frozen(kw_only=True)
class EditFile:
    """A change to a file's metadata; its content stays.

    The service requires filename, title and parent in every such request, so missing ones are read first.

    Source: https://docs.wise.is/cored/files-v2, "Update File metadata".
    """

    filename: str | Unset = UNSET
    title: str | Unset = UNSET
    parent: str | HasId | Unset = UNSET
    """Another parent moves the file."""
    dynatype: str | Unset = UNSET
    """Its name, not its id."""
    contacts: Sequence[str | HasId] | Unset | None = UNSET
    """Ids; linked only if the dynatype is not `File`. `None` clears (inferred)."""
    tags: Sequence[str] | Unset | None = UNSET
    """`None` clears (inferred). A tag must not contain a comma."""


_PAGE: Final = "https://docs.wise.is/cored/files-v2"

FILES = Resource(
    path="/api/v2/files/",
    model=File,
    where=FileWhere,
    source=_PAGE,
    deletable=True,
    proofs={
        "update": Evidence("documented", f'{_PAGE}, "Update File metadata"'),
        "delete": Evidence("documented", f'{_PAGE}, "Delete File"'),
    },
)


def is_complete(edit: EditFile) -> bool:
    """Return whether all mandatory fields are given, so that the File need not be read first."""
    given = UNSET not in (edit.filename, edit.title, edit.parent)
    return given and (edit.contacts is UNSET or edit.dynatype is not UNSET)


def merge_edit(now: File | None, edit: EditFile) -> dict[str, str]:
    """Return the fields to send: the three mandatory ones, and further given ones.

    A read object cannot be sent back unchanged: tags are a list when read, and one string when written.
    """
    fields = {
        name: getattr(now, name) if (given := getattr(edit, name)) is UNSET else given
        for name in ("filename", "title", "parent")
    }
    fields["parent"] = id_of(fields["parent"], "parent")
    segment(fields["parent"], "parent")
    if edit.dynatype is not UNSET:
        fields["dynatype"] = edit.dynatype
    if edit.tags is not UNSET:
        fields["tags"] = comma_joined("tags", edit.tags or ())
    if edit.contacts is not UNSET:
        known = now.dynatype if now else None
        dynatype = fields.get("dynatype") or (known.title if known else "")
        if edit.contacts and dynatype in {"", "File"}:
            raise ConfigurationError(
                "contacts need another dynatype than 'File': the server would drop them without a word"
            )
        fields["contacts"] = comma_joined("contacts", edit.contacts or ())
        if dynatype:
            fields["dynatype"] = dynatype
    return fields
