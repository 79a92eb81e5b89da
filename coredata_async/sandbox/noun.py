"""A collection as one row, and the handlers every collection shares."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import field, frozen

from coredata_async.sandbox import dynatype, filters, listing
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, as_json, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.ids import stamp
from coredata_async.sandbox.paths import path_of
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Handler, Service
from coredata_async.sandbox.state import State


def lies_in(state: State, holder: Document, one: Document) -> bool:
    """Tell whether a document lies in another, however deep."""
    return state.enclosing(one, holder.kind) is holder


@frozen(kw_only=True)
class Noun:
    """What the service serves under `/api/v2/<plural>/`, where what is served is a document."""

    plural: str
    kind: str
    own: Callable[[State, Document], Mapping[str, object]]
    """The fields only this kind shows."""
    known: frozenset[str] = frozenset()
    """The filters it understands."""
    create: Route | None = None
    update: Handler | None = None
    removable: bool = False
    within: Mapping[str, "Noun"] = field(factory=dict[str, "Noun"])
    """Lists below one document: `projects/{id}/files/`, `contacts/{id}/files/`."""
    belongs: Callable[[State, Document, Document], bool] = lies_in
    """Tells whether a document is to be shown in the lists below one of this kind."""

    def show(self, state: State, document: Document) -> dict[str, object]:
        """Return a document as it travels: every field, empty or not, as in today's samples (facts 4.2)."""
        return {
            "aspects": dict(document.aspects),
            "created": stamp(document.created),
            "created_by": document.created_by,
            "description": document.description,
            "dynatype": dynatype.embedded(state, document.dynatype),
            "id": document.id,
            "modified": stamp(document.modified),
            "modified_by": document.modified_by,
            "path": path_of(state, document),
            "resource_uri": f"/api/v2/{self.plural}/{document.id}/",
            "snapshot_id": document.snapshot_id,
            "tags": list(document.tags),
            # Null in every sample, also where one was asked for: its shape when set is not known (facts 4.2).
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
        """Yield what this row serves."""
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
        return self.listed(service, call, service.state.of(self.kind))

    async def _get(self, service: Service, call: Call) -> Answer:
        document = self.find(service.state, call.ids[0])
        service.state.visit(document)
        return as_json(self.show(service.state, document))

    async def _delete(self, service: Service, call: Call) -> Answer:
        await call.commit()
        service.state.remove(self.find(service.state, call.ids[0]))
        return empty(204)

    def _listing_of(self, noun: "Noun") -> Handler:
        async def below(service: Service, call: Call) -> Answer:
            holder = self.find(service.state, call.ids[0])
            inside = [one for one in service.state.of(noun.kind) if self.belongs(service.state, holder, one)]
            return noun.listed(service, call, inside)

        return below

    def listed(self, service: Service, call: Call, documents: Sequence[Document]) -> Answer:
        """Answer with one page of what is left after the filters."""
        passing = filters.tests(call.query, self.known)
        if passing:
            documents = [one for one in documents if all(test(one) for test in passing)]
        if self.kind == "File":
            documents = _indexed(service, documents)
        found = listing.page(
            documents, call.path, call.query, default=service.default_limit, largest=service.max_limit
        )
        shown = [self.show(service.state, one) for one in found.objects]
        return as_json({"meta": found.meta, "objects": shown})


def _indexed(service: Service, documents: Sequence[Document]) -> Sequence[Document]:
    """Leave out what the fault `listing_lag` says is not indexed yet."""
    state, lag = service.state, service.faults.lag
    state.lists += 1
    if lag is None:
        return documents
    now = state.ids.clock()
    shown = [
        one
        for one in documents
        if one.indexed or not lag.hides(age=now - one.created, lists=state.lists - 1 - one.born)
    ]
    lag.fired += len(shown) < len(documents)
    return shown
