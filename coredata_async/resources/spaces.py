"""What a space is, and where spaces live. The service offers no filter on them, and no change."""

from __future__ import annotations

from attrs import field, frozen

from coredata_async.resources.document import Document
from coredata_async.resources.values import ListValue
from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class Space(Document):
    """A part of the tenant with its own projects and rights."""

    status: ListValue = field(default=ListValue(""))
    """Empty today; `space_status:active:` in older data."""
    is_hidden: bool = False


@frozen(kw_only=True)
class SpaceWhere(Paging):
    """Which spaces to list."""


SPACES = Resource(
    path="/api/v2/spaces/",
    model=Space,
    where=SpaceWhere,
    source="https://docs.wise.is/cored/spaces",
)
