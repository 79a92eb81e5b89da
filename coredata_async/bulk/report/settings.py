"""Options of a job, for its report."""

from __future__ import annotations

import os
from collections.abc import Mapping

from attrs import asdict

from coredata_async.bulk.options import Effort, Policy, Selection


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
