"""State of the sandbox, for assertions: every document, every stored blob, every request, masked."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from attrs import define, field, frozen

from coredata_async.sandbox.bucket import Blob, Reservation
from coredata_async.sandbox.document import Comment, Document, Ids, User, moment_of
from coredata_async.sandbox.index import Index

_CREDENTIAL = re.compile(r"([?&](?:password|sessionId)=)[^&]*")
_MAX_REQUESTS = 100_000


@frozen
class Seen:
    """One request as it arrived, and the status of its response."""

    operation: str
    method: str
    target: str
    """Request target byte for byte, including the query: shows whether a signed URL was re-quoted.

    Only 5pm's credentials, which are arguments, are masked in it.
    """
    headers: Mapping[str, str]
    """Names in lower case. The value of `authorization` is masked, its scheme kept."""
    status: int
    """Status of the response; 0 if the connection was broken off instead."""
    body_bytes: int
    """Number of bytes of the request's body that were read."""
    at: float
    """Time of its arrival, by `time.monotonic`."""
    remote: str
    """IP address of the client; empty without one."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with lower-case names and without the credential."""
    plain = {name.lower(): value for name, value in headers.items()}
    if "authorization" in plain:
        scheme, _, _ = plain["authorization"].partition(" ")
        plain["authorization"] = f"{scheme} ***"
    return plain


def mask_target(target: str) -> str:
    """Return a request target without the values of 5pm's credentials."""
    return _CREDENTIAL.sub(r"\1***", target)


@define(eq=False, repr=False)
class State:
    """All content of the sandbox, and the requests it received. Lists are ordered by creation, then by id."""

    ids: Ids
    author: User
    users: dict[str, User] = field(factory=dict[str, User])
    documents: dict[str, Document] = field(factory=dict[str, Document])
    comments: dict[int, Comment] = field(factory=dict[int, Comment])
    blobs: dict[str, Blob] = field(factory=dict[str, Blob])
    """Blobs in the built-in storage; empty if a test plugged in another bucket."""
    reserved: dict[str, Reservation] = field(factory=dict[str, Reservation])
    """Every reserved blob, with the values declared for it."""
    requests: deque[Seen] = field(factory=lambda: deque[Seen](maxlen=_MAX_REQUESTS))
    counts: Counter[str] = field(factory=Counter[str])
    """Requests by operation, counted on arrival (`requests` contains them after the response)."""
    lists: int = 0
    """Number of lists that were answered."""
    index: Index = field(factory=Index)
    """Index for lists."""
    _visited: dict[str, None] = field(factory=dict[str, None])
    _commented: int = 0
    _identifiers: Counter[str] = field(factory=Counter[str])
    _workspaces: dict[str, str] = field(factory=dict[str, str])
    _dynatypes: dict[str, str] = field(factory=dict[str, str])

    def count(self, operation: str) -> int:
        """Return the number of requests of one operation that arrived."""
        return self.counts[operation]

    def of(self, kind: str) -> Sequence[Document]:
        """Return every document of a kind, in list order."""
        return [self.documents[identifier] for _, identifier in self.index.of(kind)]

    @property
    def files(self) -> Sequence[Document]:
        """Every File, in list order."""
        return self.of("File")

    def files_per_blob(self) -> Counter[str]:
        """Return the number of Files per blob: a count above one is a File registered twice."""
        return self.index.per_blob()

    def add(self, document: Document) -> Document:
        """Store a new document."""
        self.documents[document.id] = document
        if document.kind == "Workspace" and document.parent is not None:
            self._workspaces[document.parent] = document.id
        self._add_to_index(document)
        return document

    def _add_to_index(self, document: Document) -> None:
        self.index.add(document, [one.id for one in self.ancestors(document)])

    def _remove_from_index(self, document: Document) -> None:
        self.index.discard(document, [one.id for one in self.ancestors(document)])

    def draft(self, kind: str, title: str, parent: str | None) -> Document:
        """Return a document created now, to be completed and added."""
        identifier = self.ids.new()
        created = moment_of(identifier)
        return Document(
            id=identifier,
            kind=kind,
            title=title,
            parent=parent,
            created=created,
            modified=created,
            created_by=self.author.full_name,
            modified_by=self.author.full_name,
            snapshot_id=self.ids.new(),
            born=self.lists,
        )

    def change(self, after: Document) -> Document:
        """Replace a document by a changed one: another `snapshot_id`, another `modified`."""
        snapshot = self.ids.new()
        changed = attrs.evolve(
            after,
            modified_by=self.author.full_name,
            snapshot_id=snapshot,
            modified=moment_of(snapshot),
        )
        # The descendants of a document move with it.
        moved = self._inside(after.id) if self.documents[after.id].parent != after.parent else []
        for one in (after.id, *moved):
            self._remove_from_index(self.documents[one])
        self.documents[after.id] = changed
        for one in (after.id, *moved):
            self._add_to_index(self.documents[one])
        return changed

    def remove(self, document: Document) -> None:
        """Remove a document, with its descendants and its comments."""
        gone = [*self._inside(document.id), document.id]
        for one in gone:
            self._remove_from_index(self.documents[one])
        for one in gone:
            del self.documents[one]
            self._visited.pop(one, None)
        self.comments = {number: one for number, one in self.comments.items() if one.doc_id in self.documents}

    def _inside(self, holder: str) -> list[str]:
        """Return the ids of the descendants, the latest first, because an index is fastest at its end."""
        return [identifier for _, identifier in sorted(self.index.inside(holder), reverse=True)]

    def ancestors(self, document: Document) -> Iterator[Document]:
        """Yield the ancestors of a document, from the inside out."""
        parent = document.parent
        while parent is not None:
            holder = self.documents[parent]
            yield holder
            parent = holder.parent

    def enclosing(self, document: Document, kind: str) -> Document | None:
        """Return the nearest ancestor of a kind."""
        return next((one for one in self.ancestors(document) if one.kind == kind), None)

    def container(self, document: Document) -> Document:
        """Return the parent of new children of this document.

        For a Project that is its Workspace, which is why `parent` reads back as another id.
        """
        return self.documents[self._workspaces.get(document.id, document.id)]

    def visit(self, document: Document) -> None:
        """Record that the details of a document were read."""
        self._visited.pop(document.id, None)
        self._visited[document.id] = None

    def recently_visited(self, kind: str) -> Sequence[Document]:
        """Return the documents of a kind whose details were read, the latest first."""
        seen = (self.documents[identifier] for identifier in reversed(self._visited))
        return [one for one in seen if one.kind == kind]

    def dynatype_id(self, name: str) -> str:
        """Return the id of a dynatype, created on first use."""
        if name not in self._dynatypes:
            self._dynatypes[name] = self.ids.new()
        return self._dynatypes[name]

    def next_identifier(self, year: str) -> str:
        """Return `<year>-<n>`, numbered within the year."""
        self._identifiers[year] += 1
        return f"{year}-{self._identifiers[year]}"

    def add_user(
        self, username: str, first_name: str, last_name: str, *, user_type: str = "Internal user"
    ) -> User:
        """Add a user, so that `associated_users` and `responsible_users` accept the username."""
        self.users[username] = User(username, first_name, last_name, user_type)
        return self.users[username]

    def add_space(self, title: str) -> str:
        """Create a Space, which the API itself cannot, and return its id."""
        return self.add(self.draft("Space", title, None)).id

    def add_folder(self, title: str, parent: str, *, kind: str = "Folder") -> str:
        """Create a Folder (or Filespace) in a Project, Folder, Filespace or Space, and return its id."""
        holder = self.container(self.documents[parent])
        return self.add(self.draft(kind, title, holder.id)).id

    def add_task(
        self,
        project: str,
        title: str,
        *,
        description: str = "",
        contacts: Iterable[str] = (),
        tags: Iterable[str] = (),
        **fields: object,
    ) -> str:
        """Create a Task in a Project and return its id; `fields` (`status` …) are shown as given."""
        draft = attrs.evolve(
            self.draft("Task", title, project),
            dynatype="Task",
            description=description,
            contacts=tuple(contacts),
            tags=tuple(tags),
            fields=fields,
        )
        return self.add(draft).id

    def add_contact(
        self,
        title: str,
        *,
        dynatype: str = "Person",
        parent: str | None = None,
        description: str = "",
        tags: Iterable[str] = (),
        **fields: object,
    ) -> str:
        """Create a Contact and return its id; `fields` (`identifier`, `emails`) are shown as given.

        `parent` is the id of an Organization, itself a Contact; by default it is the ContactFolder.
        """
        draft = attrs.evolve(
            self.draft("Contact", title, parent or self.contact_folder.id),
            dynatype=dynatype,
            description=description,
            tags=tuple(tags),
            fields=fields,
        )
        return self.add(draft).id

    @property
    def contact_folder(self) -> Document:
        """Parent of Contacts; there is one, in the global Space."""
        return self.of("ContactFolder")[0]

    def add_comment(self, doc_id: str, text: str) -> int:
        """Comment on a document and return the comment's number; numbers are never reused."""
        self._commented += 1
        number = self._commented
        self.comments[number] = Comment(number, doc_id, self.author.username, text, self.ids.clock())
        return number
