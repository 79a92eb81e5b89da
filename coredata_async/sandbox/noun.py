"""A collection as one row, and the handlers every collection shares."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import field, frozen

from coredata_async.sandbox import filters, listing
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, as_json, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.ids import stamp
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Handler, Service
from coredata_async.sandbox.state import State


@frozen(kw_only=True)
class Noun:
    """What the service serves under `/api/v2/<plural>/`."""

    plural: str
    kind: str
    own: Callable[[State, Document], Mapping[str, object]]
    """The fields only this kind shows."""
    place: Callable[[State, Document], str]
    """Its `path`: titles joined by slashes, unescaped (facts 4.2)."""
    known: frozenset[str] = frozenset()
    """The filters it understands."""
    create: Route | None = None
    update: Handler | None = None
    removable: bool = False
    within: Mapping[str, "Noun"] = field(factory=dict[str, "Noun"])
    """Lists below one document: `projects/{id}/files/` shows the files around which that project is."""

    def show(self, state: State, document: Document) -> dict[str, object]:
        """Return a document as it travels: every field, empty or not, as in today's samples (facts 4.2)."""
        return {
            "aspects": dict(document.aspects),
            "created": stamp(document.created),
            "created_by": document.created_by,
            "description": document.description,
            "dynatype": dynatype(state, document.dynatype),
            "id": document.id,
            "modified": stamp(document.modified),
            "modified_by": document.modified_by,
            "path": self.place(state, document),
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
        return as_json(self.show(service.state, self.find(service.state, call.ids[0])))

    async def _delete(self, service: Service, call: Call) -> Answer:
        await call.commit()
        service.state.remove(self.find(service.state, call.ids[0]))
        return empty(204)

    def _listing_of(self, noun: "Noun") -> Handler:
        async def below(service: Service, call: Call) -> Answer:
            holder = self.find(service.state, call.ids[0])
            inside = [
                one
                for one in service.state.of(noun.kind)
                if service.state.enclosing(one, self.kind) is holder
            ]
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
        shown = [self.show(service.state, one) for one in found.documents]
        return as_json({"meta": found.meta, "objects": shown})


def dynatype(state: State, name: str | None) -> dict[str, object]:
    """Return a dynatype as it is shown: captions are keys of a value list, not words (facts 4.2)."""
    if name is None:
        return {}
    return {
        "caption_plural": f"dynatypes_labels:{name}_plural:",
        "caption_singular": f"dynatypes_labels:{name}_singular:",
        "id": state.dynatype_id(name),
        "title": name,
    }


def _indexed(service: Service, documents: Sequence[Document]) -> Sequence[Document]:
    """Leave out what the fault `listing_lag` says is not indexed yet."""
    state, lag = service.state, service.faults.lag
    state.lists += 1
    if lag is None:
        return documents
    now = state.ids.clock()
    shown = [
        one for one in documents if not lag.hides(age=now - one.created, lists=state.lists - 1 - one.born)
    ]
    lag.fired += len(shown) < len(documents)
    return shown
