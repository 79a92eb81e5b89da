"""Comments: model, filters, fields for creation, and endpoint. Known only from three clients of 2014."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.wire.resource import AppendableKind, Paging


@frozen(kw_only=True)
class Comment:
    """A text that a user has written about a document."""

    id: str
    """A number, unlike other ids."""
    text: str = ""
    doc_id: str = ""
    """Id of the document."""
    author: str = ""
    """Path of the user: `/api/v2/users/<username>/`."""
    time: datetime | None = None
    """UTC."""
    resource_uri: str = ""
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """Fields this library does not know, unchanged."""


@frozen(kw_only=True)
class CommentWhere(Paging):
    """Filters for listing comments."""


@frozen(kw_only=True)
class NewComment:
    """Fields for creating a comment. It cannot be changed or deleted afterwards."""

    doc_id: str | HasId
    """Id of a Project, File or Task."""
    text: str


COMMENTS = AppendableKind(
    path="/api/v2/comments/",
    model=Comment,
    where=CommentWhere,
    new=NewComment,
    source="github.com/koddsson/coredata-python-client, joningis/coredata-java-api (2014)",
    evidence="legacy",
)
