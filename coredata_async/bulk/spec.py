"""Specification of a job: everything that determines its result, without paths, client or keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from attrs import field, frozen

from coredata_async.bulk.options import Effort, FileAttributes, Policy, Selection
from coredata_async.bulk.plain import from_plain, to_plain
from coredata_async.config import Limits, Retry


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
