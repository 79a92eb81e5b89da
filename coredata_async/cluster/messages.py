"""Names and messages of a cluster: subjects, keys of tables, and jobs as all processes see them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, get_args

from attrs import field, frozen

from coredata_async.bulk.options import JobSpec
from coredata_async.cluster.table import Row
from coredata_async.errors import ConfigurationError
from coredata_async.plain_data import PlainData

JobState = Literal["running", "draining", "stopping", "complete", "ended"]
"""State of a job. `draining` and `stopping` end its shards; `ended` follows when no worker has one."""
ENDED: Final = ("complete", "ended")
"""States of a job that no longer change. Not a set: a damaged state may not be hashable."""
Kind = Literal["scan", "shard"]

SHARD_FILES: Final = 2000
"""Default for the maximum number of files of a shard."""
CONTINUED: Final = frozenset({"drained", "stopped", "time", "lease", "circuit", "authentication"})
"""Ends of a scan or a shard after which another worker, or a later job, continues it."""
_SHARE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_JOB: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEY: Final = re.compile(r"(?:scan\.\d{1,9}|shard\.\d{1,9}(?:\.\d{1,9}){2})", re.ASCII)


def check_share(name: str) -> str:
    """Return the name of a share if it is valid.

    Raises:
        ConfigurationError: If it is not 1 to 64 letters, digits, hyphens and underscores.
    """
    if _SHARE.fullmatch(name) is None:
        raise ConfigurationError(
            f"the name of a share must be 1 to 64 letters, digits, - and _, not {name!r}"
        )
    return name


@frozen
class Source:
    """A part of a share: `fs01:/docs` is the folder docs below the root of the share fs01."""

    share: str
    path: str
    """Path relative to the root, as for `cp -r`: `docs` is the folder itself, `docs/.` its content."""

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read `SHARE:/PATH`.

        Raises:
            ConfigurationError: If it is malformed, or leaves the share.
        """
        share, colon, path = text.partition(":")
        if not colon:
            raise ConfigurationError(f"a source of a cluster must look like fs01:/docs, not {text!r}")
        parts = [part for part in path.split("/") if part]
        if ".." in parts or "\0" in path:
            raise ConfigurationError(f"the source {text!r} must not leave its share")
        return cls(check_share(share), "/".join(parts) or ".")

    def __str__(self) -> str:
        return f"{self.share}:/{'' if self.path == '.' else self.path}"

    @property
    def title(self) -> str | None:
        """Name that it gets in the parent; None if its content goes there directly."""
        last = self.path.rpartition("/")[2]
        return None if last == "." else unicodedata.normalize("NFC", last)

    def overlaps(self, other: Source) -> bool:
        """Return whether the two may have a file in common."""
        one, two = _parts(self.path), _parts(other.path)
        length = min(len(one), len(two))
        return self.share == other.share and one[:length] == two[:length]

    def shares_folder(self, other: Source) -> bool:
        """Return whether files of both may be uploaded to the same remote folder below one parent."""
        return self.title is None or other.title is None or self.title == other.title


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part != "."]


@frozen(kw_only=True)
class JobRecord:
    """Entry of a job in the table of jobs. It contains no API key."""

    id: str
    sources: tuple[Source, ...]
    parent: str
    spec: JobSpec
    state: JobState = "running"
    created: float
    """Beginning, in seconds since the epoch."""
    tenant: str | None = None
    account: str | None = None
    """Server and account of the first worker; others must have the same. None until then."""
    sent_until: datetime | None = None
    """Last time, by the clock of the server, at which an earlier job for the tree may have sent a request."""
    message: str = ""
    """Reason for an early end."""
    shard_files: int = SHARD_FILES
    """Maximum number of files of a shard."""
    revision: int = field(default=0, eq=False)

    @property
    def is_open(self) -> bool:
        """True if workers may take its shards."""
        return self.state == "running"

    @property
    def has_ended(self) -> bool:
        """True if its state no longer changes."""
        return self.state in ENDED

    @property
    def table(self) -> str:
        """Name of the table of its scans and shards."""
        return f"cd-{self.id}-shards"

    @property
    def folders(self) -> str:
        """Name of the table of its folders."""
        return f"cd-{self.id}-folders"

    @property
    def objects(self) -> str:
        """Name of the object store of its journals and reports."""
        return f"cd-{self.id}"

    def to_dict(self) -> dict[str, object]:
        """Return the job as plain values for JSON."""
        return {
            "id": self.id,
            "sources": [str(source) for source in self.sources],
            "parent": self.parent,
            "spec": self.spec.to_dict(),
            "state": self.state,
            "created": self.created,
            "tenant": self.tenant,
            "account": self.account,
            "sent_until": None if self.sent_until is None else self.sent_until.isoformat(),
            "message": self.message,
            "shard_files": self.shard_files,
        }

    @classmethod
    def from_row(cls, row: Row) -> JobRecord:
        """Read the entry of a job.

        Raises:
            ConfigurationError: If it is not one of this version.
        """
        data = row.data
        spec = data.object("spec", f"the specification of job {row.key}").fields
        return cls(
            id=data.text("id"),
            sources=tuple(map(Source.parse, data.texts("sources"))),
            parent=data.text("parent"),
            spec=JobSpec.from_dict(spec),
            state=_state(data),
            created=data.number("created"),
            tenant=data.optional_text("tenant"),
            account=data.optional_text("account"),
            sent_until=data.time("sent_until"),
            message=data.text("message"),
            shard_files=data.integer("shard_files"),
            revision=row.revision,
        )


def _state(data: PlainData) -> JobState:
    text = data.text("state")
    for state in get_args(JobState):
        if text == state:
            return text  # type: ignore[return-value]  # it is one of them
    raise ConfigurationError(f"a job has the unknown state {text!r}: another version wrote it")


@frozen
class Task:
    """A message of the queue: one scan or one shard of a job."""

    job: str
    kind: Kind
    key: str
    """Key of its entry in the job's table."""
    share: str

    @property
    def number(self) -> int:
        """Number of the source of a scan, or of the shard within its scan."""
        return int(self.key.rpartition(".")[2])

    def belongs_to(self, job: JobRecord) -> bool:
        """Return whether a job has the source of this task, in the same share."""
        source = source_of(self.key, job)
        return source is not None and source.share == self.share

    @property
    def subject(self) -> str:
        """Subject of the message."""
        return f"cd.work.{self.share}.{self.job}.{self.kind}"

    def to_dict(self) -> dict[str, object]:
        """Return the task as plain values for JSON."""
        return {"job": self.job, "kind": self.kind, "key": self.key, "share": self.share}

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> Task:
        """Read a task.

        Raises:
            ConfigurationError: If it is malformed.
        """
        data = PlainData(fields, "a message of the queue")
        kind: Kind = "scan" if data.text("kind") == "scan" else "shard"
        task = cls(data.text("job"), kind, data.text("key"), check_share(data.text("share")))
        named = _JOB.fullmatch(task.job) and _KEY.fullmatch(task.key) and task.key.startswith(f"{kind}.")
        if not named or data.text("kind") != kind:
            raise ConfigurationError(f"a message of the queue has the unknown task {task.key!r}")
        return task


def source_of(key: str, job: JobRecord) -> Source | None:
    """Return the source of a scan or shard of a job by its key; None if the job has none for this key."""
    if _KEY.fullmatch(key) and (number := int(key.split(".")[1])) < len(job.sources):
        return job.sources[number]
    return None


def share_subject(share: str) -> str:
    """Return the subject of all tasks of a share."""
    return f"cd.work.{share}.>"


def dead_letter_subject(task: Task) -> str:
    """Return the subject of the dead letter of a task."""
    return f"cd.dead.{task.share}.{task.job}.{task.kind}"


def unreadable_subject(subject: str) -> str:
    """Return the subject of the dead letter of a message that could not be read."""
    return f"cd.dead.{subject.removeprefix('cd.work.')}"


def events_subject(job: str) -> str:
    """Return the subject of a job's events."""
    return f"cd.events.{job}"


def throttle_subject(account: str) -> str:
    """Return the subject of the throttle events of an account."""
    return f"cd.throttled.{account}"


def account_key(tenant: str, account: str) -> str:
    """Return the key of an account: a hash, so that names do not appear in subjects."""
    return sha256(f"{tenant}\n{account}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def folder_key(parent: str, title: str) -> str:
    """Return the key of a remote folder."""
    return sha256(f"{parent}\n{title}".encode("utf-8", "surrogatepass")).hexdigest()


def parse_sources(texts: Sequence[str]) -> tuple[Source, ...]:
    """Read the sources of a job.

    Raises:
        ConfigurationError: If one is malformed, or two overlap, or two get the same name in the parent.
    """
    sources = tuple(Source.parse(text) for text in texts)
    if not sources:
        raise ConfigurationError("a job needs at least one source, such as fs01:/docs")
    for index, one in enumerate(sources):
        for other in sources[index + 1 :]:
            if one.overlaps(other):
                raise ConfigurationError(f"the sources {one} and {other} have files in common")
            if one.title is not None and one.title == other.title:
                raise ConfigurationError(
                    f"the sources {one} and {other} both become {one.title!r} in the parent, and files of "
                    "equal paths would be created twice: rename one, or use two jobs with two parents"
                )
    return sources


def may_share_folders(sources: Sequence[Source]) -> bool:
    """Return whether files of two sources may be uploaded to the same remote folder."""
    return len(sources) > 1 and any(source.title is None for source in sources)
