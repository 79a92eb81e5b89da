"""Identity of a job: the same PATHs, for the same parent, as the same user of the same server."""

from __future__ import annotations

import json

from attrs import frozen


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

    def row(self) -> dict[str, str]:
        """Return the values of the journal's table `job`."""
        return {
            "tenant": self.tenant,
            "account": self.account,
            "parent": self.parent,
            "roots": json.dumps(sorted({root.decode("utf-8", "surrogateescape") for root in self.roots})),
        }
