"""Options of a job: the files it uploads, its rules, and its effort; and all of them as one specification."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from attrs import asdict, field, frozen

from coredata_async.bulk.plain import from_plain, to_plain
from coredata_async.config import Limits, Retry
from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id, ids_of
from coredata_async.transfer.steps import BLOB_LIFE

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
    """Glob as in a `.gitignore`: `*.tmp`, `/build/`, `docs/**/*.pdf`."""

    glob: str
    include: bool = False


@frozen(kw_only=True)
class Selection:
    """Selection of the files to upload. Files that are not selected are only counted."""

    rules: Sequence[Rule] = ()
    """Rules in order; the last matching one decides. If the first includes, all other files are excluded."""
    ignore_files: bool = True
    """True to obey `.coredataignore`, and exclude directories that a `CACHEDIR.TAG` marks as a cache."""
    files_from: str | os.PathLike[str] | None = None
    """List of the only files to upload, relative to the one PATH; NUL- or newline-separated."""
    min_size: int | None = None
    """Minimum size in bytes."""
    max_size: int | None = None
    """Maximum size in bytes."""
    newer_than: float | None = field(default=None, converter=_seconds)
    """Only files modified after this: seconds since the epoch, an aware datetime, a date, or an age."""
    older_than: float | None = field(default=None, converter=_seconds)
    """Only files modified before this, in the same forms."""


@frozen(kw_only=True)
class Policy:
    """Rules for existing Files, links, unusual names and other special cases."""

    existing: Existing = "skip-same"
    """Rule for a File of the same name in the same folder.

    `skip` keeps it. `skip-same` skips the file if size and digest are equal, and otherwise uploads another
    File. `version` replaces its content if it differs. `error` fails.
    """
    links: Links = "skip"
    """Rule for symbolic links: `skip` counts them; `follow` follows them, with cycle detection."""
    names: Names = "fail"
    """Rule for names with control characters, a slash or backslash, a final dot or space, or over 255 bytes.

    `fail` reports them. `escape` writes forbidden characters as `%XX`. `truncate` does the same, and also
    cuts long names, with a digest in place of the cut part. Both escape names that are not UTF-8.
    """
    unicode: Unicode = "nfc"
    """`nfc` normalises names to NFC, as they are typed; `keep` keeps them as they are on disk."""
    on_change: int = 3
    """Maximum number of retries of a file that changed while it was read."""
    empty_dirs: bool = False
    """True to create folders for directories without a file."""
    blob_life: float = BLOB_LIFE
    """Seconds for which stored bytes that are not registered are assumed to exist."""

    assume_alone: bool = False
    """True to assume that no other job has uploaded these files in the last `Retry.settle` seconds.

    A journal may be new because the machine that had the job is gone. Its last registrations may still be in
    flight inside the server, and would create second Files. So uploads into folders that this journal has
    not created wait, up to `Retry.settle` + `Retry.probe_gap` seconds from the journal's beginning. Set this
    to skip the wait. Jobs that run at the same time are detected in any case.
    """

    def __attrs_post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}")
        if self.on_change < 0 or self.blob_life < 0:
            raise ConfigurationError("on_change and blob_life must be 0 or more")


DEFAULT_CONCURRENCY: Final = 64
"""Number of files in flight per process, unless `Effort.concurrency` is set."""
MAX_PROCESSES: Final = 64


@frozen(kw_only=True)
class Effort:
    """Concurrency and time limits of a job."""

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
    """True to adapt the number of requests in flight to the server; False to use `Limits`."""
    bwlimit: float | None = None
    """Maximum bytes per second to the storage, for all files together."""
    max_duration: float | None = None
    """Seconds after which no further file begins; the job can be resumed."""
    patience: float = 900.0
    """Timeout for a service or storage that does not work at all, in seconds; then the job stops."""
    drain: float = 30.0
    """Timeout for files in flight when the job is asked to stop, in seconds."""

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


def _contacts(values: Sequence[Id]) -> tuple[str, ...]:
    return ids_of(values, "contacts")


def _tags(values: Sequence[str]) -> tuple[str, ...]:
    return ids_of(values, "tags")


@frozen(kw_only=True)
class FileAttributes:
    """Attributes of all Files of the job."""

    dynatype: str | None = None
    """Name of a dynatype; the server's default is `File`."""
    contacts: tuple[str, ...] = field(default=(), converter=_contacts)
    """Ids of contacts; they need a dynatype other than `File`."""
    tags: tuple[str, ...] = field(default=(), converter=_tags)
    """Tags, without commas."""


_ALLOWED = {
    "existing": ("skip", "skip-same", "version", "error"),
    "links": ("skip", "follow"),
    "names": ("fail", "escape", "truncate"),
    "unicode": ("nfc", "keep"),
}


def describe_settings(selection: Selection, policy: Policy, effort: Effort) -> Mapping[str, object]:
    """Return every option by name, with rules as `+ glob` and `- glob`; options that are None are omitted."""
    rules = [f"{'+' if rule.include else '-'} {rule.glob}" for rule in selection.rules]
    options = {
        **asdict(selection, recurse=False),
        "rules": rules or None,
        "files_from": None if selection.files_from is None else os.fspath(selection.files_from),
        **asdict(policy),
        **asdict(effort),
        "concurrency": effort.worker_count,
    }
    return {name: value for name, value in options.items() if value is not None}


@frozen(kw_only=True)
class JobSpec:
    """Options of a job as one value that other processes and machines can read."""

    selection: Selection = field(factory=Selection)
    """Selection of the files. `files_from` is a path on the machine that scans."""
    policy: Policy = field(factory=Policy)
    effort: Effort = field(factory=Effort)
    attributes: FileAttributes = field(factory=FileAttributes)
    retry: Retry = field(factory=Retry)
    limits: Limits = field(factory=Limits)

    def to_dict(self) -> dict[str, object]:
        """Return the specification as plain values for JSON."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> JobSpec:
        """Read a specification that `to_dict` has written.

        Raises:
            ConfigurationError: If it contains an unknown option or an invalid value.
        """
        return from_plain(cls, data)

    def hash(self) -> str:
        """Return 32 hexadecimal digits that are the same for equal specifications on every machine."""
        same = JobSpec.from_dict(self.to_dict())  # 5 seconds and 5.0 seconds are equal
        text = json.dumps(same.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
