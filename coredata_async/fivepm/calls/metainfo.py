"""The calls of `metainfo`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import rows
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.form import RequestStyle
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.metainfo import Priority, Status

_STATUSES: Final = METHODS["metainfo.getStatuses"]
_PRIORITIES: Final = METHODS["metainfo.getPriorities"]


def statuses(form: RequestStyle) -> Call[Items[Status]]:
    """The statuses of the account."""
    return rows.listing(form, _STATUSES, Status, rows.NOTHING)


def priorities(form: RequestStyle) -> Call[Items[Priority]]:
    """The priorities of the account."""
    return rows.listing(form, _PRIORITIES, Priority, rows.NOTHING)
