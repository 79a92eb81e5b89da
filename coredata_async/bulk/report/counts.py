"""Counts of files and requests, which add up over the parts of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

import attrs
from attrs import frozen

from coredata_async.bulk.states import Reason

A = TypeVar("A", bound=attrs.AttrsInstance)


@frozen(kw_only=True)
class Counts:
    """Files, or bytes, by final state. They add up unless a file was lost track of."""

    planned: int = 0
    """All selected files."""
    done: int = 0
    """Files that the server showed in a listing."""
    skipped: int = 0
    failed: int = 0
    unresolved: int = 0
    pending: int = 0
    """Files that the next run uploads."""

    @property
    def add_up(self) -> bool:
        """True if every planned file is in exactly one of the other counts."""
        return self.planned == self.done + self.skipped + self.failed + self.unresolved + self.pending

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return _add_fields(self, other)


@frozen(kw_only=True)
class Api:
    """Counters of the requests to the service and its storage."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    """Number of responses 429 and 503."""

    def __add__(self, other: Api) -> Api:
        """Return the counters of both."""
        return _add_fields(self, other)


def _add_fields(one: A, other: A) -> A:
    names = (each.name for each in attrs.fields(type(one)))
    return type(one)(**{name: getattr(one, name) + getattr(other, name) for name in names})


def add_reasons(one: Mapping[Reason, int], other: Mapping[Reason, int]) -> dict[Reason, int]:
    """Return the sums by reason, the most frequent first."""
    return dict((Counter(one) + Counter(other)).most_common())
