"""Attempts at a scan or shard that failed, in its entry: what ended them, and how many are too many.

An attempt fails if its process dies, is frozen past its lease, or raises an error that another attempt would
meet, too. A worker that returns its task because it is drained, or because the service does not answer,
has not failed. The count begins again when an owner has completed more files than any before. Attempts at
a scan whose parent or source does not exist are few: only a worker that sees something else could help.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast

from coredata_async.bulk.states import JobInputError
from coredata_async.cluster.errors import AccountMismatchError, ClusterError, ShareUnavailableError
from coredata_async.cluster.messages import Kind
from coredata_async.cluster.table import Row, number
from coredata_async.errors import (
    APIConnectionError,
    AuthenticationError,
    CoreDataError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
)

MAX_DEATHS: Final = 5
"""Maximum number of processes that a shard may end without progress. A scan makes none that is kept."""
MAX_FAILURES: Final = 20
"""Maximum number of failed attempts at a scan or shard without progress, whatever ended them."""
MAX_REFUSALS: Final = 3
"""Maximum number of attempts in turn at a scan with a parent or source that does not exist or fit."""
FAILED_DELAY: Final = 5.0
"""Seconds before a task is delivered again that could not be carried out here."""
REFUSED_DELAY: Final = 0.5
"""Seconds before a scan with such a parent or source is tried again."""
DEAD: Final = "dead"
"""State of a scan or shard that is given up."""
_KEPT: Final = 5
"""Number of attempts whose reasons are kept."""
_LONGEST: Final = 300
"""Maximum length of a reason."""
PASSING: Final = (
    AccountMismatchError,
    APIConnectionError,
    AuthenticationError,
    ClusterError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    ShareUnavailableError,
)
"""Errors of which the task is not the cause."""
_PROGRESS: Final = ("done", "skipped", "failed")


def note_death(fields: dict[str, object], worker: str, process: Row | None) -> None:
    """Note that the last owner did not renew its lease.

    Args:
        fields: The fields of the task's entry, which are changed.
        worker: Name of that owner.
        process: Its entry in the table of workers.
    """
    _note(fields, worker, describe_end(process), death=True)


def note_error(fields: dict[str, object], worker: str, error: CoreDataError) -> None:
    """Note that an attempt has raised an error, unless the task is not its cause."""
    if isinstance(error, JobInputError):
        refusals = int(number(fields, "refusals")) + 1
        _note(fields, worker, str(error), death=False)
        fields["refusals"] = refusals
    elif not isinstance(error, PASSING):
        _note(fields, worker, f"{type(error).__name__}: {error}", death=False)


def note_doubt(fields: dict[str, object], worker: str, reason: str) -> None:
    """Note that the result of an attempt does not count, because its machine may be the reason."""
    _note(fields, worker, reason, death=False)


def is_refusal(kind: Kind, error: CoreDataError) -> bool:
    """Return whether the parent or the source of a scan does not exist, or is of the wrong kind."""
    return kind == "scan" and isinstance(error, JobInputError)


def is_refused(fields: Mapping[str, object]) -> bool:
    """Return whether a scan was given up because of its parent or source, see `is_refusal`."""
    return number(fields, "refusals") >= MAX_REFUSALS


def find_reason(kind: Kind, fields: Mapping[str, object]) -> str | None:
    """Return the reason for giving a task up; None if it may be tried again."""
    deaths, failures = int(number(fields, "deaths")), int(number(fields, "failures"))
    refusals = int(number(fields, "refusals")) if kind == "scan" else 0
    if (kind == "scan" or deaths < MAX_DEATHS) and failures < MAX_FAILURES and refusals < MAX_REFUSALS:
        return None
    attempts = read_attempts(fields)
    last = attempts[-1]["reason"] if attempts else "it is not known"
    if refusals >= MAX_REFUSALS:
        return f"{last} ({refusals} attempts)"
    return f"{failures} attempts made no progress, {deaths} of them ended the process; the last one: {last}"


def describe_attempt(kind: Kind, fields: Mapping[str, object]) -> tuple[str, int, int] | None:
    """Return the reason of the last attempt that failed, its number, and how many there may be."""
    deaths, failures = int(number(fields, "deaths")), int(number(fields, "failures"))
    attempts = read_attempts(fields)
    if not failures or not attempts:
        return None
    reason, refusals = str(attempts[-1]["reason"]), int(number(fields, "refusals"))
    if kind == "scan" and refusals:
        return reason, refusals, MAX_REFUSALS
    if kind == "shard" and deaths == failures:
        return reason, deaths, MAX_DEATHS
    return reason, failures, MAX_FAILURES


def read_attempts(fields: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the last attempts that failed: `worker`, `epoch`, `time` and `reason` of each."""
    found = fields.get("attempts")
    entries = cast("list[object]", found) if isinstance(found, list) else []
    return [
        cast("dict[str, object]", each) for each in entries if isinstance(each, dict) and "reason" in each
    ]


def forget_attempts(fields: Mapping[str, object], state: str) -> dict[str, object]:
    """Return the fields of a task that is to be tried again."""
    dropped = {"attempts", "deaths", "failures", "refusals", "reason"}
    kept = {name: value for name, value in fields.items() if name not in dropped}
    return {**kept, "state": state, "retries": int(number(fields, "retries")) + 1}


def describe_end(process: Row | None) -> str:
    """Return how a process ended, as its parent has seen it."""
    code = None if process is None else process.fields.get("ended")
    if not isinstance(code, int):
        return "it did not renew its lease"
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        return f"its process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was killed by signal {-code}"


def _note(fields: dict[str, object], worker: str, reason: str, *, death: bool) -> None:
    progress = int(sum(number(fields, name) for name in _PROGRESS))
    if progress > number(fields, "progress"):
        fields |= {"progress": progress, "deaths": 0, "failures": 0}
    fields.pop("refusals", None)  # only those count that follow each other
    attempt = {"worker": worker, "time": datetime.now(UTC).isoformat(), "reason": reason[:_LONGEST]}
    fields |= {
        "attempts": [*read_attempts(fields), attempt][-_KEPT:],
        "deaths": int(number(fields, "deaths")) + death,
        "failures": int(number(fields, "failures")) + 1,
    }
