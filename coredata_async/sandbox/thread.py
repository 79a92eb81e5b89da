"""Sandbox in a thread and a loop of its own, for callers that have no event loop or change it often."""

import asyncio
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from attrs import define, field

from coredata_async.sandbox.embedded import Sandbox


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
