"""Client of 5pm, the second service, over the same transport.

`FivePM` is the client; its services return the models named here. Nearly half of the behaviour of the service
is not documented: inferred behaviour is marked where it is written, and can be switched.
"""

from coredata_async.fivepm.client import FivePM
from coredata_async.fivepm.download import Download
from coredata_async.fivepm.files import Attachment, base64_form, multipart_form
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.activity import Activity, File
from coredata_async.fivepm.models.group import Group
from coredata_async.fivepm.models.metainfo import Priority, Status
from coredata_async.fivepm.models.project import Project
from coredata_async.fivepm.models.task import Task
from coredata_async.fivepm.models.user import SecurityLevel, User
from coredata_async.fivepm.models.work_item import Team
from coredata_async.unset import UNSET

__all__ = [
    "UNSET",
    "Activity",
    "Attachment",
    "Download",
    "File",
    "FivePM",
    "Group",
    "Listing",
    "Page",
    "Priority",
    "Project",
    "SecurityLevel",
    "Status",
    "Task",
    "Team",
    "User",
    "base64_form",
    "multipart_form",
]
