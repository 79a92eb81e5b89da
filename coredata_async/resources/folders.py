"""Folders: model, new and endpoint. The service documents no filter for them."""

from __future__ import annotations

from attrs import frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import Document, ProjectRef, SpaceRef
from coredata_async.wire.resource import AppendableKind, Evidence, Paging


@frozen(kw_only=True)
class Folder(Document):
    """A container for files and further folders. Listings also include the system's own folders."""

    parent: str = ""
    """Id."""
    project: ProjectRef | None = None
    space: SpaceRef | None = None


@frozen(kw_only=True)
class FolderWhere(Paging):
    """Filters for listing folders."""


@frozen(kw_only=True)
class NewFolder:
    """Fields for creating a folder.

    The vendor's page for this is not available; only its title is known. Path and fields are chosen by
    analogy with projects and files.
    """

    title: str
    parent: str | HasId
    """Id of a Project, Folder or Filespace."""
    description: str | None = None


_NAMED = Evidence("named", 'https://docs.wise.is/cored/projects, "Create a Folder in a Project"')

FOLDERS = AppendableKind(
    path="/api/v2/folders/",
    model=Folder,
    where=FolderWhere,
    new=NewFolder,
    source="https://docs.wise.is/cored/folders",
    proofs={"create": _NAMED, "get": Evidence("named", "by analogy with the other collections")},
)
