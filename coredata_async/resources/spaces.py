"""Spaces: model and endpoint. The service does not offer filters or changes."""

from __future__ import annotations

from attrs import field, frozen

from coredata_async.resources.document import Document
from coredata_async.resources.values import ListValue
from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class Space(Document):
    """A part of the tenant with its own projects and permissions."""

    status: ListValue = field(default=ListValue(""))
    """Empty today; `space_status:active:` in older data."""
    is_hidden: bool = False


@frozen(kw_only=True)
class SpaceWhere(Paging):
    """Filters for listing spaces."""


SPACES = Resource(
    path="/api/v2/spaces/",
    model=Space,
    where=SpaceWhere,
    source="https://docs.wise.is/cored/spaces",
)
