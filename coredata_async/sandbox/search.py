"""Documents of a list: those that meet its conditions, without those that are not listed yet."""

from collections.abc import Iterable, Sequence

from coredata_async.sandbox.document import Document
from coredata_async.sandbox.faults.faults import Lag
from coredata_async.sandbox.filters import Condition
from coredata_async.sandbox.index import Key
from coredata_async.sandbox.state import State


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
