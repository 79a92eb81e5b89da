"""What a folder is, how to make one, and where they live. The service states no filter on them."""

from __future__ import annotations

from attrs import frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import Document, ProjectRef, SpaceRef
from coredata_async.wire.resource import AppendableKind, Evidence, Paging


@frozen(kw_only=True)
class Folder(Document):
    """A place for files and further folders. Listings hold the system's own folders, too."""

    parent: str = ""
    """Id."""
    project: ProjectRef | None = None
    space: SpaceRef | None = None


@frozen(kw_only=True)
class FolderWhere(Paging):
    """Which folders to list."""


@frozen(kw_only=True)
class NewFolder:
    """A folder to be.

    The page that describes this is not to be had, only its name: path and fields are chosen by analogy
    with projects and files.
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
