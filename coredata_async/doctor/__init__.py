"""Examination of a server's real behaviour, where its pages leave questions open."""

from coredata_async.doctor.examine import examine
from coredata_async.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
