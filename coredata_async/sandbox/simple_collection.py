"""A collection whose entries are no documents, as one row: users, comments, value lists, dynatypes."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, as_json
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.state import State

Shown = Mapping[str, object]


@frozen(kw_only=True)
class SimpleCollection:
    """What the service serves under `path`, and one by one under `one`; no filter is known for any of it."""

    name: str
    """What its operations begin with."""
    path: str
    one: str
    """The path of one entry, with `{}` for its key."""
    entries: Callable[[State], Sequence[Shown]]
    """All of them, as a list shows them."""
    entry: Callable[[State, str], Shown | None]
    """One by its key, as its details show it."""
    create: Route | None = None
    default_limit: int | None = None
    """Another page size than everywhere else, when nobody asks for one."""

    def routes(self) -> Iterable[Route]:
        """Yield what this row serves."""
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
    """Answer with one page of entries."""
    found = listing.page(
        entries,
        call.path,
        call.query,
        default=default or service.default_limit,
        largest=service.max_limit,
    )
    return as_json({"meta": found.meta, "objects": found.objects})
