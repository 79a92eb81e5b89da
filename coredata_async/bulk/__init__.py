"""Bulk upload: many files, each exactly once, even across crashes."""

from coredata_async.bulk.check.check import check
from coredata_async.bulk.check.compare import Compared, Sample
from coredata_async.bulk.check.dry_run import Action
from coredata_async.bulk.events import (
    Event,
    FileDelayed,
    FileDone,
    FileFailed,
    FileSkipped,
    FileUnresolved,
    FolderCreated,
    Progress,
    Scanned,
    Started,
    Waiting,
    Warned,
)
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.options import Effort, Policy, Rule, Selection
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import Counts, Reason, State

__all__ = [
    "Action",
    "Compared",
    "Counts",
    "Effort",
    "Event",
    "FileDelayed",
    "FileDone",
    "FileFailed",
    "FileSkipped",
    "FileUnresolved",
    "FolderCreated",
    "Policy",
    "Progress",
    "Reason",
    "Report",
    "Rule",
    "Sample",
    "Scanned",
    "Selection",
    "Started",
    "State",
    "UploadJob",
    "Waiting",
    "Warned",
    "check",
]
