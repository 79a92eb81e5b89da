"""Outcome of a call whose key is in use. The other outcomes are those of every upload."""

from __future__ import annotations

from attrs import frozen

from coredata_async.transfer.outcomes import Failed, Unknown, Uploaded


@frozen(kw_only=True)
class Busy:
    """Another call, in this process or elsewhere, works on this key."""

    key: str
    retry_after: float
    """Seconds after which a further call is worthwhile."""


RecordOutcome = Uploaded | Busy | Unknown | Failed
