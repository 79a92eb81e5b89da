"""Sandbox for tests: a running CoreData, and a client signed in to it.

Only this module of the sandbox imports the client; the server never does.
"""

import asyncio
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self, Unpack

from attrs import define, field

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


@define(eq=False, repr=False)
class SandboxThread(Sandbox):
    """`Sandbox` that plain `with` starts and stops.

    Faults may be changed from any thread. `state` shows the state at the time of the read: compare it after
    the requests in question have been answered.
    """

    _thread: threading.Thread | None = field(init=False, default=None)
    _stop: "Future[None]" = field(init=False, factory=Future[None])

    def __enter__(self) -> Self:
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name="coredata-sandbox", daemon=True
        )
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set_result(None)
        if self._thread is not None:
            self._thread.join()

    async def _serve(self, started: "Future[None]") -> None:
        try:
            async with self:
                started.set_result(None)
                await asyncio.wrap_future(self._stop)
        except OSError as exc:  # the port is in use: the caller must get the error, not this thread
            if started.done():
                raise
            started.set_exception(exc)
