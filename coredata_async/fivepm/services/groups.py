"""Service for groups of projects."""

from __future__ import annotations

from coredata_async.fivepm import calls
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.models.group import EditGroup, Group, NewGroup
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.objects import ObjectService
from coredata_async.fivepm.services.verbs import adding, updating
from coredata_async.message import Send


class Groups(ObjectService[Group]):
    """Groups of projects and tasks; the service calls them `projectsgroups`.

    `add` and `update` return the group after the change. They are retried only if they provably were not
    carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.groups)
        self.add = adding(NewGroup, self._add, "Create a group and return it: one request.")
        self.update = updating(EditGroup, self._update, "Change a group and return it: one request.")

    def list(self) -> Listing[Group]:
        """List all groups: one response, because no pages are documented."""
        return self._list_all()
