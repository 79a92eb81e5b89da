"""Operations of several requests, as hooks see them: uploads, their steps, downloads, bulk jobs.

A hook that is called after each attempt may also have the method `operation`, as an `OperationHook`. Without
such a hook, an operation takes no call of a function of ours and no allocation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final, Literal, Protocol, cast, get_args, runtime_checkable

from attrs import define

from coredata_async.errors import OutcomeUnknownError

log = logging.getLogger("coredata_async.hooks")

OperationName = Literal[
    "upload_job", "upload_many", "upload", "replace", "reserve", "put", "register", "settle", "download"
]
OperationOutcome = Literal["done", "failed", "unknown", "skipped", "delayed", "absent", "cancelled"]
"""`unknown`: the outcome of a write is unknown. `absent`: `settle` has proved that no File exists.

`skipped` and `delayed` are outcomes of files in bulk jobs.
"""


@define(eq=False)
class Operation:
    """An operation; hooks see its name when it begins, and the rest when it ends."""

    name: OperationName
    size: int | None = None
    """Number of bytes transferred, if known."""
    outcome: OperationOutcome = "done"
    error: str | None = None
    """Class of the exception that ended it."""


@runtime_checkable
class OperationHook(Protocol):
    """A hook that observes operations."""

    def operation(self, operation: Operation) -> AbstractContextManager[object]:
        """Return a context manager that is entered when the operation begins and left when it ends.

        It is left without an exception; `Operation.outcome` and `Operation.error` say how the operation
        ended. An exception that it raises is logged and does not end the operation.
        """
        ...


Observe = Callable[[OperationName], AbstractContextManager[Operation]]
"""Begins an operation: `with observe("put") as operation: …`."""


unobserved: Final[Observe] = dict.fromkeys(
    cast("tuple[OperationName, ...]", get_args(OperationName)), nullcontext(Operation("upload"))
).__getitem__
"""Begins an operation that no hook observes. All share one value, to which callers may write.

A method of a dict, because it takes less time than a function.
"""


def observe_with(hooks: Iterable[object]) -> Observe:
    """Return a function that begins operations, observed by the hooks that support it."""
    observers = tuple(hook for hook in hooks if isinstance(hook, OperationHook))
    return (lambda name: _Observed(observers, name)) if observers else unobserved


class _Observed:
    """An operation and the context managers of its hooks."""

    def __init__(self, hooks: tuple[OperationHook, ...], name: OperationName) -> None:
        self._hooks = hooks
        self._operation = Operation(name)
        self._entered: list[AbstractContextManager[object]] = []

    def __enter__(self) -> Operation:
        for hook in self._hooks:
            try:
                context = hook.operation(self._operation)
                context.__enter__()
            except Exception as exc:  # noqa: BLE001  # a hook must not end an upload
                _log_failure(exc)
            else:
                self._entered.append(context)
        return self._operation

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is not None:
            self._operation.outcome = _classify(exc)
            self._operation.error = type(exc).__name__
        while self._entered:
            try:
                # Without the exception: one that is not ours may hold a secret.
                self._entered.pop().__exit__(None, None, None)
            except Exception as failure:  # noqa: BLE001  # see above
                _log_failure(failure)


def _classify(exc: BaseException) -> OperationOutcome:
    if isinstance(exc, OutcomeUnknownError):
        return "unknown"
    return "failed" if isinstance(exc, Exception) else "cancelled"


def _log_failure(exc: Exception) -> None:
    log.warning("a hook that observes operations failed: %s", type(exc).__name__)
