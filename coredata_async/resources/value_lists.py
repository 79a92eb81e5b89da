"""What a value list is, and where they live. Known from clients of 2014 only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from coredata_async.resources.document import Part
from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class Entry(Part):
    """One value of a list."""

    name: str = ""
    """The value as it goes over the wire."""
    ordering: int = 0
    parent: str = ""
    translations: Mapping[str, Any] = field(factory=dict[str, Any])
    """What to show, by language: `{"en": …, "is": …}`."""


@frozen(kw_only=True)
class ValueList:
    """The values that a field may have, in one tenant."""

    name: str
    """`project_status`, `country`, …"""
    type: str = ""
    """`value` or `status`."""
    parent: str = ""
    default: str = ""
    entries: tuple[Entry, ...] = ()
    """Only `get` gives them."""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, as they came."""


@frozen(kw_only=True)
class ValueListWhere(Paging):
    """Which value lists to list."""


VALUE_LISTS = Resource(
    path="/api/v2/valuelists/",
    model=ValueList,
    where=ValueListWhere,
    source="github.com/koddsson/coredata-python-client (2014)",
    evidence="legacy",
    key="name",
)
