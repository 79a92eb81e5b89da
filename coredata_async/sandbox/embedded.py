"""Sandbox for tests: a running CoreData, and a client signed in to it.

Only this module of the sandbox imports the client; the server never does.
"""

from typing import Unpack

from attrs import define

from coredata_async.client import CoreData
from coredata_async.environment import Options
from coredata_async.sandbox.server import SandboxServer


@define(eq=False, repr=False, kw_only=True)
class Sandbox(SandboxServer):
    """In-process CoreData; see `SandboxServer` for the options."""

    def client(self, **options: Unpack[Options]) -> CoreData:
        """Return a client signed in to this sandbox; the options are `CoreData`'s and take precedence."""
        signed_in: Options = {
            "api_user": self.api_user,
            "api_key": self.api_key,
            "api_key_v3": self.api_key_v3,
            **options,
        }
        return CoreData(self.url, **signed_in)
