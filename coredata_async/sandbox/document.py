"""Documents: one shape for every kind, because in CoreData everything is a document (facts 4.1)."""

from collections.abc import Mapping

from attrs import field, frozen


def _nothing() -> Mapping[str, object]:
    return {}


@frozen(kw_only=True)
class Document:
    """Space, Project, Task, Folder, File, Contact … at one moment; a change makes a new value."""

    id: str
    kind: str
    title: str
    parent: str | None
    """Id of the parent document. For a File or Folder in a project: the project's Workspace."""
    created: float
    modified: float
    created_by: str
    modified_by: str
    snapshot_id: str
    """Id that changes with every change."""
    version: int = 1
    """Shown as `0.<version>`; new content makes a new version."""
    dynatype: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    aspects: Mapping[str, object] = field(factory=_nothing)
    contacts: tuple[str, ...] = ()
    """Ids of linked contacts; a File never shows them, yet can be found by them."""
    fields: Mapping[str, object] = field(factory=_nothing)
    """Fields of this kind alone, in the form in which they are sent."""
    born: int = 0
    """Number of lists answered before its creation; for the fault `listing_lag`."""
    indexed: bool = False
    """True if a write asked for it to be listed at once (`?sync=true`), which exempts it from `listing_lag`.
    """


@frozen
class User:
    """Person with an account. Not a document: the key is the username (facts 2.8)."""

    username: str
    first_name: str
    last_name: str
    user_type: str = "Internal user"

    @property
    def full_name(self) -> str:
        """Full name, as in `created_by` and `modified_by`."""
        return f"{self.first_name} {self.last_name}"

    def embed(self) -> dict[str, object]:
        """Return the form in other documents; requests contain only the username (facts 6, trap 8)."""
        return {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}


@frozen
class Comment:
    """Comment on a document (facts 2.10)."""

    id: int
    """Number, unlike every other id."""
    doc_id: str
    author: str
    """Username."""
    text: str
    time: float
