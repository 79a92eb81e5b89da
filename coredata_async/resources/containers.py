"""Spaces and folders: models, fields for creation, endpoints. The service documents no filters for them."""

from __future__ import annotations

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import Document, ProjectRef, SpaceRef
from coredata_async.resources.values import ListValue
from coredata_async.wire.resource import AppendableKind, Evidence, Paging, Resource


@frozen(kw_only=True)
class Space(Document):
    """A part of the tenant with its own projects and permissions."""

    status: ListValue = field(default=ListValue(""))
    """Empty today; `space_status:active:` in older data."""
    is_hidden: bool = False


@frozen(kw_only=True)
class SpaceWhere(Paging):
    """Filters for listing spaces."""


SPACES = Resource(
    path="/api/v2/spaces/",
    model=Space,
    where=SpaceWhere,
    source="https://docs.wise.is/cored/spaces",
)


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
