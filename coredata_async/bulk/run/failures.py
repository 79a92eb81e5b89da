"""Failed uploads: the class of an error, and refusals, which concern single files or end the run.

The rule for refusals: those of one reason are counted until a file succeeds. When `REFUSALS` of them have
occurred, the files are compared. A common trait (all empty, or of one order of size; one folder; one
extension) may be the reason. It explains the refusals if no file with it was accepted, and if files without
it were accepted or are still to be tried. As long as a trait explains them, only the refused files fail.
Different files that are refused for the same reason end the run; uploads in flight are completed.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from typing import Final, TypeVar

from attrs import define, field, frozen

from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.states import Reason, State
from coredata_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    ConflictError,
    CoreDataError,
    OutcomeUnknownError,
    SourceChangedError,
    SourceError,
    StorageError,
    UnexpectedResponseError,
)
from coredata_async.response_table import is_transient

T = TypeVar("T")

REFUSALS: Final = 30
"""Number of refusals of one reason, without a success in between, after which they are examined."""
STEP: Final = 5
"""Minimum number of further refusals before the next examination; of many, a tenth."""
SIZES: Final = (1, 1 << 10, 1 << 20, 1 << 30, 1 << 62)
"""Upper ends of the orders of size: empty, below 1 KiB, 1 MiB, 1 GiB, and the rest."""
ABOUT_ONE: Final = (" 413", "EntityTooLarge", " 414")
"""Parts of reasons that concern the size or the name of one file, regardless of other refusals."""


@frozen
class FailureClass:
    """Consequence of an error for its file."""

    state: State
    """RETRY if another attempt may help, otherwise FAILED."""
    reason: Reason
    message: str
    cause: str = ""
    """Cause without names and numbers: two files may fail for the same one."""


def classify(exc: Exception) -> FailureClass:
    """Classify an error that was raised before a registration can have taken place."""
    state, reason = _state_and_reason(exc)
    return FailureClass(state, reason, str(exc) or type(exc).__name__, cause_of(exc))


def cause_of(exc: Exception) -> str:
    """Return the common part of equal refusals: class, status, code and text, without names and numbers."""
    if not isinstance(exc, CoreDataError):
        return ""  # an error of this machine, not a refusal
    status, code, text = "", "", ""
    if isinstance(exc, APIStatusError):
        status, code, text = str(exc.status), exc.code or "", exc.message
    elif isinstance(exc, StorageError):
        status, code = str(exc.status), exc.storage_code or ""
    return " ".join((type(exc).__name__, status, code, _VARIABLE.sub("", text))).rstrip()


_VARIABLE: Final = re.compile(r"""(["'`]).*?\1|[0-9a-fA-F-]{8,}|\d+""")
"""Quoted names, ids and numbers in a message of the service."""


def _state_and_reason(exc: Exception) -> tuple[State, Reason]:
    match exc:
        case StorageError():
            return _classify_storage(exc), Reason.STORAGE
        case APIError():
            return _classify_status(exc)
        case _:
            return next((result for kind, result in _BY_CLASS if isinstance(exc, kind)), _INTERNAL)


_INTERNAL: Final = (State.FAILED, Reason.INTERNAL)
_BY_CLASS: Final = (
    (SourceChangedError, (State.RETRY, Reason.CHANGED)),
    (SourceError, (State.FAILED, Reason.UNREADABLE)),
    (ChecksumMismatchError, (State.RETRY, Reason.MISMATCH)),
    (ConfigurationError, (State.FAILED, Reason.REFUSED)),
    (OSError, (State.FAILED, Reason.UNREADABLE)),
)
"""Classification by class; the first match decides."""


def _classify_storage(exc: StorageError) -> State:
    return State.RETRY if exc.transient or exc.status is None else State.FAILED


def _classify_status(exc: APIError) -> tuple[State, Reason]:
    match exc:
        case APIConnectionError():
            return State.RETRY, Reason.NETWORK
        case OutcomeUnknownError():
            return State.RETRY, Reason.UNCERTAIN
        case AuthenticationError() | ConflictError() | UnexpectedResponseError():
            return State.RETRY, Reason.REFUSED  # a later pass, or a person, may change the reason
        case APIStatusError() if is_transient(exc.status):
            return State.RETRY, Reason.REFUSED
        case _:
            return State.FAILED, Reason.REFUSED


@frozen
class Trait:
    """Trait that all refused files have in common, as SQL on `item`."""

    label: str
    where: str
    values: tuple[object, ...]


@define
class RefusedFiles:
    """Files refused for one reason since the last success."""

    folders: set[int] = field(factory=set[int])
    extensions: set[str] = field(factory=set[str])
    sizes: set[int] = field(factory=set[int])
    count: int = 0
    next_check: int = REFUSALS

    def add(self, item: Item) -> bool:
        """Count a file, and return whether an examination is due."""
        self.count += 1
        _add(self.folders, item.folder)
        _add(self.extensions, _extension(item.filename))
        _add(self.sizes, _order(item.fingerprint.size))
        if self.count < self.next_check:
            return False
        self.next_check += max(STEP, self.count // 10)
        return True

    def traits(self) -> list[Trait]:
        """Return the traits that all of them have in common."""
        traits: list[Trait] = []
        if len(self.folders) == 1:
            traits.append(Trait("folder", "folder = ?", (*self.folders,)))
        if len(self.extensions) == 1:
            (extension,) = self.extensions
            pattern = extension.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            where = "filename LIKE ? ESCAPE '\\'" if extension else "filename NOT LIKE ? ESCAPE '\\'"
            traits.append(Trait("extension", where, (f"%{pattern}" if extension else "_%.%",)))
        if len(self.sizes) == 1:
            (order,) = self.sizes
            bounds = (0, *SIZES)
            traits.append(Trait("size", "size >= ? AND size < ?", (bounds[order], bounds[order + 1])))
        return traits


def count_refusal(refusals: dict[str, RefusedFiles], item: Item, reason: str) -> RefusedFiles | None:
    """Count a refusal, and return the refused files if an examination is due.

    Args:
        refusals: The refused files since the last success, by reason.
        item: The file.
        reason: The common part of equal refusals, see `cause_of`.
    """
    if any(part in reason for part in ABOUT_ONE):
        return None
    refused = refusals.setdefault(reason, RefusedFiles())
    return refused if refused.add(item) else None


def is_explained(db: sqlite3.Connection, traits: list[Trait], *, scanned: bool) -> bool:
    """Return whether a common trait of the refused files explains the refusals.

    Runs in the journal's thread.

    Args:
        db: The journal.
        traits: Their common traits.
        scanned: False while the scan may still find files without a trait.
    """
    return any(_explains(db, trait, scanned=scanned) for trait in traits)


def _explains(db: sqlite3.Connection, trait: Trait, *, scanned: bool) -> bool:
    accepted = (int(State.CONFIRMED), int(State.DONE))
    ended = (int(State.FAILED), int(State.SKIPPED))
    with_it = f"SELECT 1 FROM item WHERE ({trait.where}) AND state IN (?, ?) LIMIT 1"  # noqa: S608
    without = f"SELECT 1 FROM item WHERE NOT ({trait.where}) AND state NOT IN (?, ?) LIMIT 1"  # noqa: S608
    if db.execute(with_it, (*trait.values, *accepted)).fetchone() is not None:
        return False
    return not scanned or db.execute(without, (*trait.values, *ended)).fetchone() is not None


def _add(values: set[T], value: T) -> None:
    """Add a value, two at most: they are as good as many."""
    if len(values) < 2:  # noqa: PLR2004
        values.add(value)


def _extension(filename: str) -> str:
    return os.path.splitext(filename)[1].lower()  # noqa: PTH122  # not a path


def _order(size: int) -> int:
    return next(number for number, end in enumerate(SIZES) if size < end)


def unwrap(failure: BaseException) -> BaseException:
    """Return the exception that ended a job, out of its groups: callers expect a `JournalError`."""
    inside: Sequence[BaseException] = getattr(failure, "exceptions", ())  # of a group
    return unwrap(inside[0]) if inside else failure
