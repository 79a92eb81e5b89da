"""What a server really does, asked of the server itself: the questions that its pages leave open."""

from coredata_async.doctor.examine import examine
from coredata_async.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
