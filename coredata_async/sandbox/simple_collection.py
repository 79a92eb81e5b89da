"""Collection of entries that are not documents, as one row: users, comments, value lists, dynatypes."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, as_json
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

Shown = Mapping[str, object]


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
