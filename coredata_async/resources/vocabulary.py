"""Dynatypes and value lists of a tenant: models, filters and endpoints. Known only from clients of 2014."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from coredata_async.resources.document import Part
from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class Dynatype:
    """A type of documents that a tenant has defined, with its aspects."""

    id: str
    title: str = ""
    """The name to use in requests."""
    type: str = ""
    systype: str = ""
    """The kind of document that it extends: `Task`, `Project`, `Contact`, `File`, …"""
    status_list: str = ""
    """The value list of its statuses."""
    required_aspects: tuple[str, ...] = ()
    optional_aspects: tuple[str, ...] = ()
    caption_singular: str = ""
    """A key of the value list `dynatypes_labels`."""
    caption_plural: str = ""
    description: str = ""
    version: str = ""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class DynatypeWhere(Paging):
    """Filters for listing dynatypes."""


DYNATYPES = Resource(
    path="/api/v2/dynatypes/",
    model=Dynatype,
    where=DynatypeWhere,
    source="github.com/koddsson/coredata-python-client (2014)",
    evidence="legacy",
)


@frozen(kw_only=True)
class Entry(Part):
    """One value of a list."""

    name: str = ""
    """The value as it is sent and received."""
    ordering: int = 0
    parent: str = ""
    translations: Mapping[str, Any] = field(factory=dict[str, Any])
    """Displayed texts, by language: `{"en": …, "is": …}`."""


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
    """Only returned by `get`."""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class ValueListWhere(Paging):
    """Filters for listing value lists."""


VALUE_LISTS = Resource(
    path="/api/v2/valuelists/",
    model=ValueList,
    where=ValueListWhere,
    source="github.com/koddsson/coredata-python-client (2014)",
    evidence="legacy",
    key="name",
)
