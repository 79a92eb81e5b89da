"""Client of 5pm, the second service, over the same transport.

`FivePM` is the client; its services return the models named here. Nearly half of the behaviour of the service
is not documented: inferred behaviour is marked where it is written, and can be switched.
"""

from coredata_async.fivepm.client import FivePM
from coredata_async.fivepm.download import Download
from coredata_async.fivepm.files import Attachment, base64_form, multipart_form
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.account import Group, Priority, SecurityLevel, Status, User
from coredata_async.fivepm.models.activity import Activity, File
from coredata_async.fivepm.models.work_items import Project, Task, Team
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
