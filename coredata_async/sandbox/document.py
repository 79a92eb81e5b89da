"""What a document is: one shape for every kind, because in CoreData everything is a document (facts 4.1)."""

from collections.abc import Mapping

from attrs import field, frozen


def _nothing() -> Mapping[str, object]:
    return {}


@frozen(kw_only=True)
class Document:
    """A Space, Project, Task, Folder, File, Contact … at one moment; a change makes a new value."""

    id: str
    kind: str
    title: str
    parent: str | None
    """Id of the document it lies in. For a File or Folder in a project: the project's Workspace."""
    created: float
    modified: float
    created_by: str
    modified_by: str
    snapshot_id: str
    """Changes with every change of anything."""
    version: int = 1
    """Shown as `0.<version>`; new content makes a new version."""
    dynatype: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    aspects: Mapping[str, object] = field(factory=_nothing)
    contacts: tuple[str, ...] = ()
    """Ids of linked contacts; a File never shows them, yet can be found by them."""
    fields: Mapping[str, object] = field(factory=_nothing)
    """What only this kind has, in the form it travels."""
    born: int = 0
    """How many lists had been answered when it was created; for the fault `listing_lag`."""
    indexed: bool = False
    """Whether a write asked for it to be listed at once (`?sync=true`); `listing_lag` leaves it alone."""


@frozen
class User:
    """Somebody with an account. Not a document: the key is the username (facts 2.8)."""

    username: str
    first_name: str
    last_name: str
    user_type: str = "Internal user"

    @property
    def full_name(self) -> str:
        """The form `created_by` and `modified_by` use."""
        return f"{self.first_name} {self.last_name}"

    def embed(self) -> dict[str, object]:
        """Return the form other documents carry: usernames go in, objects come out (facts 6, trap 8)."""
        return {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}


@frozen
class Comment:
    """What somebody said about a document (facts 2.10)."""

    id: int
    """A number, unlike every other id."""
    doc_id: str
    author: str
    """A username."""
    text: str
    time: float
