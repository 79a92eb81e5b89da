"""What a client knows of the user whose key it has."""

from __future__ import annotations

from attrs import frozen

from coredata_async.call import perform
from coredata_async.errors import NotFoundError
from coredata_async.listing import Listing, list_resource
from coredata_async.message import Reply, Send
from coredata_async.resources.projects import PROJECTS, Project
from coredata_async.resources.users import USERS, User
from coredata_async.wire import calls
from coredata_async.wire.resource import Paging

ME = "/api/v2/user/"
RECENT = "/api/v2/user/projects/recent/"


@frozen
class UserHome:
    """The current user, and what they have looked at."""

    _send: Send

    async def me(self) -> User:
        """See `CoreData.me`. The service answers with a listing of one."""
        call = calls.list_page(ME, USERS.model, Paging(), limit=None, offset=0)
        page = await perform(self._send, call)
        if not page.items:
            raise NotFoundError("the service names no current user", call.request, Reply(404))
        return page.items[0]

    def recent_projects(self) -> Listing[Project]:
        """See `CoreData.recent_projects`."""
        return list_resource(self._send, PROJECTS, Paging(page_size=None), path=RECENT)
