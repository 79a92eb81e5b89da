"""Documents: the fields that all kinds share, the small objects inside them, and the endpoint for all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from coredata_async.resources.values import Aspects
from coredata_async.wire.resource import Instant, Paging, Resource, point_in_time


def _empty() -> Mapping[str, Any]:
    return {}


@frozen(kw_only=True)
class Part:
    """A small object inside a document."""

    extra: Mapping[str, Any] = field(factory=_empty, repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class DynatypeRef(Part):
    """The type of a document, as defined by the tenant."""

    id: str = ""
    title: str = ""
    """The name to use in requests; absent in old data."""
    caption_singular: str = ""
    """A key of the value list `dynatypes_labels`, not a displayable text."""
    caption_plural: str = ""


@frozen(kw_only=True)
class SpaceRef(Part):
    """The space a document is in."""

    id: str = ""
    title: str = ""


@frozen(kw_only=True)
class ProjectRef(Part):
    """The project a document is in."""

    id: str = ""
    identifier: str = ""
    title: str = ""


@frozen(kw_only=True)
class UserRef(Part):
    """A reference to a user in a document. Requests use the username alone."""

    username: str = ""
    first_name: str = ""
    last_name: str = ""


@frozen(kw_only=True)
class Document:
    """A document of any kind. Every field but the id may be missing."""

    id: str
    snapshot_id: str = ""
    """Changes with every change of the document."""
    type: str = ""
    """`Project`, `File`, `Space`, …"""
    title: str = ""
    description: str = ""
    path: str = ""
    """Titles joined by slashes, unescaped: for display, not for parsing."""
    resource_uri: str = ""
    created: datetime | None = None
    """UTC, truncated to the second by the server."""
    created_by: str = ""
    """A full name, not a username."""
    modified: datetime | None = None
    """UTC, truncated to the second by the server."""
    modified_by: str = ""
    version: str = ""
    """`0.1`, `0.2`, …: a string."""
    tags: tuple[str, ...] = ()
    template: Any = None
    """`None` in every known sample."""
    aspects: Aspects = field(factory=Aspects)
    """Further fields, grouped by aspect; the aspects depend on tenant and dynatype."""
    dynatype: DynatypeRef | None = None
    extra: Mapping[str, Any] = field(factory=_empty, repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class DatedWhere(Paging):
    """Filters that projects, files, contacts and tasks have in common.

    A `timedelta` is an age: `modified__gt=timedelta(days=7)` means a week ago.

    Source: https://docs.wise.is/cored/api-v2 — `gte` and `lt` are inferred: the page's table of five
    operators lost its cells. It is uncertain whether `range` includes its ends: the page says no, the
    framework behind it says yes.
    """

    title: str | None = None
    title__startswith: str | None = None
    created__gt: Instant | None = field(default=None, converter=point_in_time)
    created__gte: Instant | None = field(default=None, converter=point_in_time)
    created__lt: Instant | None = field(default=None, converter=point_in_time)
    created__lte: Instant | None = field(default=None, converter=point_in_time)
    created__range: tuple[Instant, Instant] | None = None
    modified__gt: Instant | None = field(default=None, converter=point_in_time)
    modified__gte: Instant | None = field(default=None, converter=point_in_time)
    modified__lt: Instant | None = field(default=None, converter=point_in_time)
    modified__lte: Instant | None = field(default=None, converter=point_in_time)
    modified__range: tuple[Instant, Instant] | None = None


@frozen(kw_only=True)
class DocumentWhere(Paging):
    """Filters for listing documents."""


DOCUMENTS = Resource(
    path="/api/v2/docs/",
    model=Document,
    where=DocumentWhere,
    source="github.com/koddsson/coredata-python-client (2014)",
    evidence="legacy",
    deletable=True,
)
