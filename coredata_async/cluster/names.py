"""Names in remote folders into which several sources of a job put files: each has one source."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.messages import Source
from coredata_async.cluster.table import Row, Table

MAX_NAMES: Final = 40_000
"""Maximum number of names in an entry; NATS takes messages of 1 MiB."""
_BYTES: Final = 8
"""Length of the hash that stands for a name."""
_ROUNDS: Final = 100
"""Maximum number of attempts to change an entry that others change, too."""


@frozen
class TableNames:
    """Gives each name in a folder to the source that claims it first: a `NameClaims`.

    A folder is one entry, changed by compare-and-set, so two sources never get the same name. A folder with
    very many files belongs to one source as a whole.
    """

    table: Table
    sources: Sequence[Source]
    number: int
    """Number of the source that claims."""
    max_names: int = field(default=MAX_NAMES, kw_only=True)

    async def claim(self, folder: str, names: Sequence[str]) -> Mapping[str, str]:
        """Claim names in a folder; return those that another source has, with a message.

        Raises:
            ClusterError: If NATS does not answer.
        """
        key = f"names.{sha256(folder.encode()).hexdigest()}"
        hashes = {name: _hash(name) for name in names}
        for _ in range(_ROUNDS):
            row = await self.table.get(key)
            claims = _Claims.read(row, len(self.sources))
            refused = self._refuse(claims, hashes)
            own = claims.names.get(self.number, set())
            more = {each for name, each in hashes.items() if name not in refused} - own
            if not more or claims.whole is not None:
                return refused
            revision = None if row is None else row.revision
            if await self.table.put(key, self._add(claims, own | more).to_fields(), revision) is not None:
                return refused
        raise ClusterError(f"the names of the folder {folder} change all the time")

    def _refuse(self, claims: _Claims, hashes: Mapping[str, bytes]) -> dict[str, str]:
        """Return the names that this source does not get, with a message."""
        own = claims.names.get(self.number, set())
        new = {name: each for name, each in hashes.items() if each not in own}
        if claims.whole is not None and claims.whole != self.number:
            return dict.fromkeys(new, self._say_many(claims.whole))
        owners = {each: source for source, names in claims.names.items() for each in names}
        refused = {name: self._say_same(owners[each]) for name, each in new.items() if each in owners}
        others = claims.names.keys() - {self.number}
        if others and claims.total + len(new) - len(refused) > self.max_names:
            return {**dict.fromkeys(new, self._say_many(min(others))), **refused}
        return refused

    def _add(self, claims: _Claims, own: set[bytes]) -> _Claims:
        if claims.names.keys() <= {self.number} and len(own) > self.max_names:
            return _Claims({}, self.number)
        return _Claims({**claims.names, self.number: own})

    def _say_same(self, other: int) -> str:
        return (
            f"{self.sources[other]} has a file of this name for the same folder: rename one, or give each "
            "source a path or a parent of its own"
        )

    def _say_many(self, other: int) -> str:
        return (
            f"{self.sources[other]} has files in the same folder, too many to compare their names: give "
            "each source a path or a parent of its own"
        )


@frozen
class _Claims:
    """An entry: hashes of names by number of their source."""

    names: Mapping[int, set[bytes]]
    whole: int | None = None
    """Source that has the whole folder, without a list of names."""

    @classmethod
    def read(cls, row: Row | None, sources: int) -> _Claims:
        if row is None:
            return cls({})
        names = row.data.object("names", f"the names of {row.key}")
        try:
            found = {int(source): _split(b64decode(names.text(source))) for source in names.fields}
            whole = row.data.integer("whole") if row.fields.get("whole") is not None else None
        except ValueError:  # also ConfigurationError
            found, whole = {}, sources  # a number of no source, which is refused below
        if not {*found, 0 if whole is None else whole} <= {*range(sources)}:
            raise ClusterError(f"the entry {row.key} of the cluster is damaged: it has no names of sources")
        return cls(found, whole)

    @property
    def total(self) -> int:
        return sum(map(len, self.names.values()))

    def to_fields(self) -> dict[str, object]:
        names = {
            str(source): b64encode(b"".join(sorted(found))).decode() for source, found in self.names.items()
        }
        return {"names": names, "whole": self.whole}


def _split(data: bytes) -> set[bytes]:
    return {data[start : start + _BYTES] for start in range(0, len(data), _BYTES)}


def _hash(name: str) -> bytes:
    return sha256(name.encode("utf-8", "surrogatepass")).digest()[:_BYTES]
