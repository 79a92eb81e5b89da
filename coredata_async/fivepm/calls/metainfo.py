"""Calls of `metainfo`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.metainfo import Priority, Status
from coredata_async.fivepm.request_style import RequestStyle

_STATUSES: Final = METHODS["metainfo.getStatuses"]
_PRIORITIES: Final = METHODS["metainfo.getPriorities"]


def statuses(form: RequestStyle) -> Call[Items[Status]]:
    """List the statuses of the account."""
    return generic.listing(form, _STATUSES, Status, generic.NOTHING)


def priorities(form: RequestStyle) -> Call[Items[Priority]]:
    """List the priorities of the account."""
    return generic.listing(form, _PRIORITIES, Priority, generic.NOTHING)
