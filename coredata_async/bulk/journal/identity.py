"""What a job is bound to: the same PATHs, for the same parent, as the same user of the same server."""

from __future__ import annotations

import json

from attrs import frozen


@frozen
class JobIdentity:
    """What a job is bound to. A journal is never used for anything else."""

    tenant: str
    """The base URL."""
    account: str
    """The user's name; never a key."""
    parent: str
    """Id of the Project, Folder or Filespace."""
    roots: tuple[bytes, ...]
    """The PATHs, absolute. Their order does not matter."""

    def row(self) -> dict[str, str]:
        """Give it as the journal's table `job` holds it."""
        return {
            "tenant": self.tenant,
            "account": self.account,
            "parent": self.parent,
            "roots": json.dumps(sorted({each.decode("utf-8", "surrogateescape") for each in self.roots})),
        }
