"""What a job uploads, by which rules, and how hard it works, as values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from attrs import field, frozen

from coredata_async.errors import ConfigurationError

Existing = Literal["skip", "skip-same", "version", "error"]
Links = Literal["skip", "follow"]
Names = Literal["fail", "escape", "truncate"]
Unicode = Literal["nfc", "keep"]


def _seconds(value: float | datetime | date | timedelta | None) -> float | None:
    """Return a point in time as seconds since the epoch; a timedelta is an age."""
    if isinstance(value, timedelta):
        value = datetime.now(UTC) - value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ConfigurationError(
                f"{value.isoformat()} has no time zone; add one, e.g. tzinfo=datetime.UTC"
            )
        return value.timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return value


@frozen
class Rule:
    """One glob, as in a `.gitignore`: `*.tmp`, `/build/`, `docs/**/*.pdf`."""

    glob: str
    include: bool = False


@frozen(kw_only=True)
class Selection:
    """Which of the files that are found are to be uploaded. What is not selected is counted, nothing more."""

    rules: Sequence[Rule] = ()
    """Read in order, the last that matches counts. If the first includes, all else is left out at first."""
    ignore_files: bool = True
    """Whether to obey `.coredataignore`, and to leave out what a `CACHEDIR.TAG` marks as a cache."""
    files_from: str | os.PathLike[str] | None = None
    """A list of the only files to take, relative to the one directory given; NUL- or newline-separated."""
    min_size: int | None = None
    """Bytes."""
    max_size: int | None = None
    """Bytes."""
    newer_than: float | None = field(default=None, converter=_seconds)
    """Only files modified after this: seconds since the epoch, an aware datetime, a date, or an age."""
    older_than: float | None = field(default=None, converter=_seconds)
    """Only files modified before this, given in the same ways."""


@frozen(kw_only=True)
class Policy:
    """What is done about whatever is out of the ordinary."""

    existing: Existing = "skip-same"
    """A File of this name is there already.

    `skip` leaves it at that. `skip-same` skips if size and digest are the same, else uploads a further
    File. `version` replaces its content if it differs. `error` fails.
    """
    links: Links = "skip"
    """Symbolic links: counted and not followed, or followed with a guard against circles."""
    names: Names = "fail"
    """Names with control characters, a slash or backslash, a final dot or space, or over 255 bytes.

    `fail` reports them. `escape` writes what is forbidden as `%XX`. `truncate` does that, and cuts long
    names, with a digest of the whole in place of what is cut. Names that are no UTF-8 are escaped by both.
    """
    unicode: Unicode = "nfc"
    """Whether names are normalised to NFC, as they are typed, or kept as they are on disk."""
    on_change: int = 3
    """How often a file that changed while it was read is tried again."""
    empty_dirs: bool = False
    """Whether to make folders for directories without a file."""
    blob_life: float = 12 * 3600
    """For how many seconds bytes that are stored, and not registered, are taken to be still there."""

    assume_alone: bool = False
    """Whether to take it that no other job has uploaded these files in the last `Retry.settle` seconds.

    A journal that is new may be so because the machine that had the job is gone. Its last registrations may
    still be in flight inside the server, and would make second Files. So what goes into folders that this
    journal has not created waits, up to `Retry.settle` + `Retry.probe_gap` seconds from the journal's
    beginning. Set this to skip the wait. Other jobs at the same time are looked for all the same.
    """

    def __attrs_post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}")
        if self.on_change < 0 or self.blob_life < 0:
            raise ConfigurationError("on_change and blob_life must be 0 or more")


DEFAULT_CONCURRENCY: Final = 64
"""Files in flight per process, unless `Effort.concurrency` is set."""
MAX_PROCESSES: Final = 64


@frozen(kw_only=True)
class Effort:
    """How hard a job works."""

    concurrency: int | None = None
    """Maximum number of files in flight; 64 for each process if it is not set.

    With 32 for each process, requests are grouped less and a small file takes a quarter more CPU. The
    limiters admit fewer requests while the server is slow.
    """
    processes: int = 1
    """Number of worker processes that read, hash, send and register files; 1 is this process alone.

    They use more than one core, share what `Limits` and these options allow, and leave all the rest to
    this process. A job may be resumed with another number. At most 64; more than 1 needs Unix.
    """
    adaptive: bool = True
    """Whether the number of requests at once follows what the far ends bear; else it is `Limits`' own."""
    bwlimit: float | None = None
    """Bytes per second to the storage, all files together."""
    max_duration: float | None = None
    """Seconds after which nothing new is begun; the job can be resumed."""
    patience: float = 900.0
    """Seconds for which a far end that does not work at all is waited for, before the job stops."""
    drain: float = 30.0
    """Seconds that files in flight get to end when the job is asked to stop."""

    def __attrs_post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise ConfigurationError("concurrency must be 1 or more")
        if not 1 <= self.processes <= MAX_PROCESSES:
            raise ConfigurationError(f"processes must be 1 to {MAX_PROCESSES}, not {self.processes}")
        for name in ("bwlimit", "max_duration"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(f"{name} must be more than 0, or None")
        if self.patience < 0 or self.drain < 0:
            raise ConfigurationError("patience and drain must be 0 or more seconds")

    @property
    def worker_count(self) -> int:
        """Maximum number of files in flight over all processes."""
        return DEFAULT_CONCURRENCY * self.processes if self.concurrency is None else self.concurrency


@frozen(kw_only=True)
class FileAttributes:
    """What all Files of the job are to be given."""

    dynatype: str | None = None
    """Name of a dynatype; the server's default is `File`."""
    contacts: Sequence[str] = ()
    """Ids; they need a dynatype other than `File`."""
    tags: Sequence[str] = ()


_ALLOWED = {
    "existing": ("skip", "skip-same", "version", "error"),
    "links": ("skip", "follow"),
    "names": ("fail", "escape", "truncate"),
    "unicode": ("nfc", "keep"),
}
