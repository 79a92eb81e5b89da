"""Files attached to an activity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class File:
    """File attached to an activity. The vendor's description of it is lost: these fields are inferred."""

    id: str
    name: str = ""
    type: str = ""
    """Media type or extension: not documented."""
    size: int | None = None
    """Bytes, presumably."""
    activity_id: str | None = None
    activity_type: str = ""
    created_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class FileFilter:
    """Filters for files. Only `project_id` is documented."""

    project_id: str | HasId | Unset = UNSET
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""
