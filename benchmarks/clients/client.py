"""Interface of a client in the benchmarks: it is opened, and then uploads slices of files."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

from attrs import frozen

from benchmarks.programs import program
from benchmarks.served import Where

Upload = Callable[[Sequence[Path], int], Awaitable[None]]
"""Function that uploads files with this concurrency, through all three steps; raises if one is not stored."""
Connect = Callable[[Where], AbstractAsyncContextManager[Upload]]


@frozen(kw_only=True)
class Client:
    """Client by name: its module is imported when it is used, because its library may not be installed."""

    name: str
    module: str
    function: str = "connect"
    needs: str = ""
    """Required package or program, which may not be installed."""
    slice: int = 200
    """Files per slice; fewer for slow clients, because the ratio compares rates."""

    @property
    def missing(self) -> str:
        """Reason why the client cannot take part; empty if it can."""
        if not self.needs or program(self.needs) or importlib.util.find_spec(self.needs):
            return ""
        return f"{self.needs} is not installed"

    def connect(self, where: Where) -> AbstractAsyncContextManager[Upload]:
        """Open its connections, which are kept from slice to slice."""
        function: Connect = getattr(import_module(f"benchmarks.clients.{self.module}"), self.function)
        return function(where)
