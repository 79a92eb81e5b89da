"""Identity of a job: the same PATHs, for the same parent, as the same user of the same server; or a shard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from attrs import frozen


class Identity(Protocol):
    """Identity that a journal must have."""

    @property
    def shard(self) -> str:
        """Id of the shard; empty for a whole job."""
        ...

    def row(self) -> Mapping[str, str]:
        """Return the values that the journal's table `job` must have."""
        ...


@frozen
class JobIdentity:
    """Identity of the job that a journal belongs to. A journal is never used for another job."""

    tenant: str
    """Base URL of the server."""
    account: str
    """Name of the user; never a key."""
    parent: str
    """Id of the Project, Folder or Filespace."""
    roots: tuple[bytes, ...]
    """Absolute PATHs. Their order does not matter."""

    @property
    def shard(self) -> str:
        """Empty: the identity is that of a whole job."""
        return ""

    def row(self) -> dict[str, str]:
        """Return the values of the journal's table `job`."""
        return {
            "tenant": self.tenant,
            "account": self.account,
            "parent": self.parent,
            "roots": json.dumps(sorted({root.decode("utf-8", "surrogateescape") for root in self.roots})),
        }


@frozen
class ShardIdentity:
    """Identity of a shard, whose journal was restored from its planner's export or from a checkpoint."""

    tenant: str
    account: str
    shard: str

    def row(self) -> dict[str, str]:
        """Return the values that the journal's table `job` must have."""
        return {"tenant": self.tenant, "account": self.account}
