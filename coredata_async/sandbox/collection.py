"""Collections as rows, of documents and of simpler entries: handlers, search and representation."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import field, frozen

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, as_json, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document, stamp
from coredata_async.sandbox.faults import Lag
from coredata_async.sandbox.index import Key, key_of
from coredata_async.sandbox.listing import Condition
from coredata_async.sandbox.service import Handler, Route, Service
from coredata_async.sandbox.state import State
from coredata_async.sandbox.vocabulary import embed_dynatype

_SPACES = "/domain/spaces/Spaces"
"""The only SpaceFolder."""
Shown = Mapping[str, object]


def lies_in(state: State, holder: Document, kind: str) -> Condition:
    """Return the condition that a document lies in another, at any depth."""
    return Condition(
        lambda one: state.enclosing(one, holder.kind) is holder, state.index.below(kind, holder.id)
    )


@frozen(kw_only=True)
class DocumentCollection:
    """Collection of documents under `/api/v2/<plural>/`."""

    plural: str
    kind: str
    own: Callable[[State, Document], Mapping[str, object]]
    """Returns the fields that only this kind has."""
    known: frozenset[str] = frozenset()
    """Filters of the collection."""
    create: Route | None = None
    update: Handler | None = None
    removable: bool = False
    within: Mapping[str, "DocumentCollection"] = field(factory=dict[str, "DocumentCollection"])
    """Lists below one document: `projects/{id}/files/`, `contacts/{id}/files/`."""
    belongs: Callable[[State, Document, str], Condition] = lies_in
    """Condition for documents in the lists below one of this kind."""

    def render(self, state: State, document: Document) -> dict[str, object]:
        """Return a document as it is sent: every field, empty or not, as in today's samples."""
        return {
            "aspects": dict(document.aspects),
            "created": stamp(document.created),
            "created_by": document.created_by,
            "description": document.description,
            "dynatype": embed_dynatype(state, document.dynatype),
            "id": document.id,
            "modified": stamp(document.modified),
            "modified_by": document.modified_by,
            "path": path_of(state, document),
            "resource_uri": f"/api/v2/{self.plural}/{document.id}/",
            "snapshot_id": document.snapshot_id,
            "tags": list(document.tags),
            # Null in every sample; a document created with a template shows its id (inferred).
            "template": None,
            "title": document.title,
            "type": document.kind,
            "version": f"0.{document.version}",
            **self.own(state, document),
        }

    def find(self, state: State, identifier: str) -> Document:
        """Return a document of this kind, or refuse with an empty 404."""
        document = state.documents.get(identifier)
        if document is None or document.kind != self.kind:
            raise Refused(NOT_FOUND)
        return document

    def routes(self) -> Iterable[Route]:
        """Yield the routes of this row."""
        here, one = f"/api/v2/{self.plural}/", f"/api/v2/{self.plural}/{{}}/"
        yield Route("GET", here, f"{self.plural}.list", self._list)
        yield Route("GET", one, f"{self.plural}.get", self._get)
        if self.create:
            yield self.create
        if self.update:
            yield Route("PUT", one, f"{self.plural}.update", self.update)
        if self.removable:
            yield Route("DELETE", one, f"{self.plural}.delete", self._delete)
        for name, noun in self.within.items():
            yield Route("GET", f"{one}{name}/", f"{self.plural}.{name}", self._listing_of(noun))

    async def _list(self, service: Service, call: Call) -> Answer:
        return self._answer_page(service, call)

    async def _get(self, service: Service, call: Call) -> Answer:
        document = self.find(service.state, call.ids[0])
        service.state.visit(document)
        return as_json(self.render(service.state, document))

    async def _delete(self, service: Service, call: Call) -> Answer:
        await call.commit()
        service.state.remove(self.find(service.state, call.ids[0]))
        return empty(204)

    def _listing_of(self, noun: "DocumentCollection") -> Handler:
        async def below(service: Service, call: Call) -> Answer:
            holder = self.find(service.state, call.ids[0])
            return noun._answer_page(service, call, self.belongs(service.state, holder, noun.kind))  # noqa: SLF001

        return below

    def _answer_page(self, service: Service, call: Call, *wanted: Condition) -> Answer:
        """Return one page of the documents that match these conditions and those of the query."""
        asked = self._conditions(service, call)
        return self._page(service, call, search(service.state, self.kind, (*wanted, *asked)))

    def _conditions(self, service: Service, call: Call) -> list[Condition]:
        """Return the conditions of the query."""
        return listing.conditions(
            call.query, self.known, service.state.index, self.kind, closed=service.range_includes_ends
        )

    def list_page(self, service: Service, call: Call, documents: Iterable[Document]) -> Answer:
        """Return one page of the given documents that pass the filters."""
        asked = self._conditions(service, call)
        left = [key_of(one) for one in documents if all(each.holds(one) for each in asked)]
        return self._page(service, call, left)

    def _page(self, service: Service, call: Call, keys: Sequence[Key]) -> Answer:
        if self.kind == "File":
            keys = without_lagging(service.state, service.faults.lag, keys)
        query = {**call.query, "offset": "0"} if call.effect.ignores_offset else call.query
        found = listing.page(keys, call.path, query, default=service.default_limit, largest=service.max_limit)
        shown = [self.render(service.state, service.state.documents[one]) for _, one in found.objects]
        return as_json({"meta": found.meta, "objects": shown})


def search(state: State, kind: str, wanted: Iterable[Condition]) -> Sequence[Key]:
    """Return the documents that meet all conditions.

    The narrowest condition that an index answers is not checked again.
    """
    left = list(wanted)
    known = [(each.hits.count, place) for place, each in enumerate(left) if each.hits]
    best = left.pop(min(known)[1]) if known else None
    keys = best.hits.keys() if best and best.hits else state.index.of(kind)
    if not left:
        return keys
    return [key for key in keys if all(each.holds(state.documents[key[1]]) for each in left)]


def without_lagging(state: State, lag: Lag | None, keys: Sequence[Key]) -> Sequence[Key]:
    """Omit the documents that the fault `listing_lag` excludes as not indexed yet."""
    state.lists += 1
    if lag is None:
        return keys
    now, lists = state.ids.clock(), state.lists - 1

    def is_listed(one: Document) -> bool:
        return one.indexed or not lag.hides(age=now - one.created, lists=lists - one.born)

    shown = [key for key in keys if is_listed(state.documents[key[1]])]
    lag.fired += len(shown) < len(keys)
    return shown


def path_of(state: State, document: Document) -> str:
    """Return the titles from the domain down to a document, slash-joined and not escaped.

    `/domain/spaces/<SpaceFolder>/<Space>/Projects/<Project>/<identifier>/<filename>`. A system document
    (`/domain/trash`) has a `path` of its own, and the paths of its descendants begin with that.
    """
    fixed = document.fields.get("path")
    if fixed is not None:
        return str(fixed)
    above = _SPACES if document.parent is None else path_of(state, state.documents[document.parent])
    return above + _step(document)


def _step(document: Document) -> str:
    match document.kind:
        case "Project":
            return f"/Projects/{document.title}"
        case "Task":
            return f"/tasks/{document.title}"
        case "File":
            return f"/{document.fields['filename']}"
        case _:
            return f"/{document.title}"


def project_around(state: State, document: Document) -> dict[str, object]:
    """Return the Project around a document, in the form embedded in it; empty outside of any."""
    project = state.enclosing(document, "Project")
    if project is None:
        return {}
    return {"id": project.id, "identifier": project.fields["identifier"], "title": project.title}


def space_around(state: State, document: Document) -> dict[str, object]:
    """Return the Space around a document, in the form embedded in it; empty outside of any."""
    space = state.enclosing(document, "Space")
    return {"id": space.id, "title": space.title} if space else {}


@frozen(kw_only=True)
class SimpleCollection:
    """Collection under `path`, with its entries under `one`; it has no filters."""

    name: str
    """Beginning of the names of its operations."""
    path: str
    one: str
    """Path of one entry, with `{}` for its key."""
    entries: Callable[[State], Sequence[Shown]]
    """Returns all entries, as a list shows them."""
    entry: Callable[[State, str], Shown | None]
    """Returns one entry by its key, as its details show it."""
    create: Route | None = None
    default_limit: int | None = None
    """Page size without a limit in the request, if it differs from that of other collections."""

    def routes(self) -> Iterable[Route]:
        """Yield the routes of this row."""
        yield Route("GET", self.path, f"{self.name}.list", self._list)
        yield Route("GET", self.one, f"{self.name}.get", self._get)
        if self.create:
            yield self.create

    async def _list(self, service: Service, call: Call) -> Answer:
        return envelope(service, call, self.entries(service.state), self.default_limit)

    async def _get(self, service: Service, call: Call) -> Answer:
        shown = self.entry(service.state, call.ids[0])
        if shown is None:
            raise Refused(NOT_FOUND)
        return as_json(shown)


def envelope(service: Service, call: Call, entries: Sequence[Shown], default: int | None = None) -> Answer:
    """Return one page of entries."""
    found = listing.page(
        entries,
        call.path,
        call.query,
        default=default or service.default_limit,
        largest=service.max_limit,
    )
    return as_json({"meta": found.meta, "objects": found.objects})
