"""Index of lists: the documents of each kind in order, by their ancestors, and by title.

Without it every list would read every document, which takes all of a server's time with 100,000 Files.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from attrs import define, field, frozen

from coredata_async.sandbox.document import Document

Key = tuple[int, str]
"""Creation time of a document, in whole seconds, and its id: the order of every list."""

_SECOND = itemgetter(0)
_TITLE = itemgetter(0)


@frozen
class Hits:
    """Documents in an index that meet a condition: their number and, on request, their keys."""

    count: int
    keys: Callable[[], Sequence[Key]]
    """Returns the keys in list order."""


def key_of(document: Document) -> Key:
    """Return the position of a document in lists."""
    return int(document.created), document.id


@define(eq=False, repr=False)
class Index:
    """Index of each kind; it contains keys, never documents."""

    _kinds: dict[str, list[Key]] = field(factory=dict[str, list[Key]])
    _lying: dict[tuple[str, str], list[Key]] = field(factory=dict[tuple[str, str], list[Key]])
    """By kind and the id of the parent."""
    _below: dict[tuple[str, str], list[Key]] = field(factory=dict[tuple[str, str], list[Key]])
    """By kind and the id of any ancestor."""
    _titles: dict[str, list[tuple[str, Key]]] = field(factory=dict[str, list[tuple[str, Key]]])
    _blobs: Counter[str] = field(factory=Counter[str])

    def add(self, document: Document, above: Iterable[str]) -> None:
        """Add a document; `above` are the ids of all its ancestors."""
        key = key_of(document)
        for keys in self._places(document, above):
            insort(keys, key)
        insort(self._titles.setdefault(document.kind, []), (document.title, key))
        if blob := document.fields.get("blob_name"):
            self._blobs[str(blob)] += 1

    def discard(self, document: Document, above: Iterable[str]) -> None:
        """Remove a document, which must be unchanged since it was added."""
        key = key_of(document)
        for keys in self._places(document, above):
            del keys[bisect_left(keys, key)]
        titles = self._titles[document.kind]
        del titles[bisect_left(titles, (document.title, key))]
        if blob := document.fields.get("blob_name"):
            self._blobs[str(blob)] -= 1
            if not self._blobs[str(blob)]:
                del self._blobs[str(blob)]

    def _places(self, document: Document, above: Iterable[str]) -> Iterator[list[Key]]:
        kind = document.kind
        yield self._kinds.setdefault(kind, [])
        if document.parent is not None:
            yield self._lying.setdefault((kind, document.parent), [])
        for holder in above:
            yield self._below.setdefault((kind, holder), [])

    def of(self, kind: str) -> Sequence[Key]:
        """Return all documents of a kind."""
        return self._kinds.get(kind, ())

    def inside(self, holder: str) -> list[Key]:
        """Return the descendants of a document, of every kind."""
        return [key for kind in self._kinds for key in self._below.get((kind, holder), ())]

    def below(self, kind: str, holder: str) -> Hits:
        """Return the descendants of a document, of one kind."""
        return _all(self._below.get((kind, holder), ()))

    def children(self, kind: str, holder: str) -> Hits:
        """Return the children of a document."""
        return _all(self._lying.get((kind, holder), ()))

    def with_title(self, kind: str, title: str) -> Hits:
        """Return the documents with exactly this title."""
        titles = self._titles.get(kind, [])
        start, stop = bisect_left(titles, title, key=_TITLE), bisect_right(titles, title, key=_TITLE)
        return _collect(titles, start, stop)

    def beginning(self, kind: str, prefix: str) -> Hits:
        """Return the documents whose title begins with this text."""
        titles, length = self._titles.get(kind, []), len(prefix)

        def begin(entry: tuple[str, Key]) -> str:
            return entry[0][:length]

        return _collect(
            titles, bisect_left(titles, prefix, key=begin), bisect_right(titles, prefix, key=begin)
        )

    def between(self, kind: str, after: float | None, before: float | None, *, inclusive: bool) -> Hits:
        """Return the documents created between two times; None leaves that side open."""
        keys = self.of(kind)
        lower, upper = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
        start = 0 if after is None else lower(keys, after, key=_SECOND)
        stop = len(keys) if before is None else upper(keys, before, key=_SECOND)
        return Hits(max(0, stop - start), lambda: keys[start:stop])

    def per_blob(self) -> Counter[str]:
        """Return the number of Files per blob."""
        return self._blobs.copy()

    def naming(self, blob: str) -> int:
        """Return the number of Files of one blob."""
        return self._blobs[blob]


def _all(keys: Sequence[Key]) -> Hits:
    return Hits(len(keys), lambda: keys)


def _collect(titles: Sequence[tuple[str, Key]], start: int, stop: int) -> Hits:
    return Hits(stop - start, lambda: sorted(key for _, key in titles[start:stop]))
