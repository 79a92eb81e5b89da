"""The sandbox as a test sees it: a running CoreData, and a client signed in to it.

The only place of the sandbox that knows the client; the server below never does.
"""

from typing import Unpack

from attrs import define

from coredata_async.client import CoreData
from coredata_async.environment import Options
from coredata_async.sandbox.server import SandboxServer


@define(eq=False, repr=False, kw_only=True)
class Sandbox(SandboxServer):
    """An in-process CoreData; see `SandboxServer` for the options."""

    def client(self, **options: Unpack[Options]) -> CoreData:
        """Return a client that is signed in here; the options are `CoreData`'s and have the last word."""
        signed_in: Options = {
            "api_user": self.api_user,
            "api_key": self.api_key,
            "api_key_v3": self.api_key_v3,
            **options,
        }
        return CoreData(self.url, **signed_in)
