"""What a client is to a benchmark: something that can be opened, and then uploads slices of files."""

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
"""Uploads files with so many at once, through all three steps; raises if one is not stored."""
Opened = Callable[[Where], AbstractAsyncContextManager[Upload]]


@frozen(kw_only=True)
class Client:
    """One of them, by name: its module is imported when it is wanted, as its library may not be there."""

    name: str
    module: str
    function: str = "opened"
    needs: str = ""
    """The package or program that may not be installed."""
    slice: int = 200
    """Files it gets at a time; fewer for the slow ones, as the ratio is one of rates."""

    @property
    def missing(self) -> str:
        """Why it cannot take part; "" if it can."""
        if not self.needs or program(self.needs) or importlib.util.find_spec(self.needs):
            return ""
        return f"{self.needs} is not installed"

    def opened(self, where: Where) -> AbstractAsyncContextManager[Upload]:
        """Its connections, kept from slice to slice."""
        function: Opened = getattr(import_module(f"benchmarks.clients.{self.module}"), self.function)
        return function(where)
