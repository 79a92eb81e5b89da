"""The truth a test looks at: every document, every stored blob, every request."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

import attrs
from attrs import define, field

from coredata_async.sandbox.blob import Blob, Reservation
from coredata_async.sandbox.document import Comment, Document, User
from coredata_async.sandbox.ids import Ids, moment_of
from coredata_async.sandbox.index import Index
from coredata_async.sandbox.request_log import Seen

_LOG = 100_000


@define(eq=False, repr=False)
class State:
    """Documents by id, kept in the order lists show them: created ascending, then id (facts 2.1)."""

    ids: Ids
    author: User
    users: dict[str, User] = field(factory=dict[str, User])
    documents: dict[str, Document] = field(factory=dict[str, Document])
    comments: dict[int, Comment] = field(factory=dict[int, Comment])
    blobs: dict[str, Blob] = field(factory=dict[str, Blob])
    """What the built-in storage holds; empty when a test plugged in another bucket."""
    reserved: dict[str, Reservation] = field(factory=dict[str, Reservation])
    """Every blob that was ever reserved and what was declared for it."""
    requests: deque[Seen] = field(factory=lambda: deque[Seen](maxlen=_LOG))
    counts: Counter[str] = field(factory=Counter[str])
    """Requests by operation, counted on arrival (`requests` has them once they are answered)."""
    lists: int = 0
    index: Index = field(factory=Index)
    """What lists are answered from."""
    _visited: dict[str, None] = field(factory=dict[str, None])
    _commented: int = 0
    _identifiers: Counter[str] = field(factory=Counter[str])
    _workspaces: dict[str, str] = field(factory=dict[str, str])
    _dynatypes: dict[str, str] = field(factory=dict[str, str])

    def count(self, operation: str) -> int:
        """Return how many requests of one operation arrived."""
        return self.counts[operation]

    def of(self, kind: str) -> Sequence[Document]:
        """Return every document of a kind, in list order."""
        return [self.documents[identifier] for _, identifier in self.index.of(kind)]

    @property
    def files(self) -> Sequence[Document]:
        """Every File, in list order."""
        return self.of("File")

    def files_per_blob(self) -> Counter[str]:
        """Return how many Files name each blob: a count above one is a File registered twice."""
        return self.index.per_blob()

    def add(self, document: Document) -> Document:
        """Keep a new document."""
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
        """Return a document that is new now, to be completed and added."""
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
        # A document that moves takes along what lies in it.
        moved = self._inside(after.id) if self.documents[after.id].parent != after.parent else []
        for one in (after.id, *moved):
            self._remove_from_index(self.documents[one])
        self.documents[after.id] = changed
        for one in (after.id, *moved):
            self._add_to_index(self.documents[one])
        return changed

    def remove(self, document: Document) -> None:
        """Take a document away, with everything that lies in it and what was said about it."""
        gone = [*self._inside(document.id), document.id]
        for one in gone:
            self._remove_from_index(self.documents[one])
        for one in gone:
            del self.documents[one]
            self._visited.pop(one, None)
        self.comments = {number: one for number, one in self.comments.items() if one.doc_id in self.documents}

    def _inside(self, holder: str) -> list[str]:
        """Return the ids of what lies in a document, the latest first: an index forgets its end soonest."""
        return [identifier for _, identifier in sorted(self.index.inside(holder), reverse=True)]

    def ancestors(self, document: Document) -> Iterator[Document]:
        """Yield what a document lies in, from the inside out."""
        parent = document.parent
        while parent is not None:
            holder = self.documents[parent]
            yield holder
            parent = holder.parent

    def enclosing(self, document: Document, kind: str) -> Document | None:
        """Return the nearest document of a kind around this one."""
        return next((one for one in self.ancestors(document) if one.kind == kind), None)

    def container(self, document: Document) -> Document:
        """Return what a new child of this document will lie in.

        Of a Project that is its Workspace, which is why `parent` reads back as another id (facts 6, trap 16).
        """
        return self.documents[self._workspaces.get(document.id, document.id)]

    def visit(self, document: Document) -> None:
        """Remember that somebody looked at the details of a document."""
        self._visited.pop(document.id, None)
        self._visited[document.id] = None

    def recently_visited(self, kind: str) -> Sequence[Document]:
        """Return the documents of a kind that were looked at, the latest first."""
        seen = (self.documents[identifier] for identifier in reversed(self._visited))
        return [one for one in seen if one.kind == kind]

    def dynatype_id(self, name: str) -> str:
        """Return the id of a dynatype, making one on first use."""
        if name not in self._dynatypes:
            self._dynatypes[name] = self.ids.new()
        return self._dynatypes[name]

    def next_identifier(self, year: str) -> str:
        """Return `<year>-<n>`, numbered within the year (facts 4.2)."""
        self._identifiers[year] += 1
        return f"{year}-{self._identifiers[year]}"

    def add_user(
        self, username: str, first_name: str, last_name: str, *, user_type: str = "Internal user"
    ) -> User:
        """Make a username acceptable in `associated_users` and `responsible_users`."""
        self.users[username] = User(username, first_name, last_name, user_type)
        return self.users[username]

    def add_space(self, title: str) -> str:
        """Create a Space, which the API itself cannot (facts 2.7), and return its id."""
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

        `parent` is the id of an Organization, itself a Contact; without one it lies in the ContactFolder.
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
        """Return where Contacts lie; there is one, in the global Space (facts 4.1)."""
        return self.of("ContactFolder")[0]

    def add_comment(self, doc_id: str, text: str) -> int:
        """Say something about a document and return the comment's number; numbers are never used again."""
        self._commented += 1
        number = self._commented
        self.comments[number] = Comment(number, doc_id, self.author.username, text, self.ids.clock())
        return number
