"""Any document, whatever its kind, and where they live. Known from clients of 2014 only."""

from __future__ import annotations

from attrs import frozen

from coredata_async.resources.document import Document
from coredata_async.wire.resource import Paging, Resource


@frozen(kw_only=True)
class DocumentWhere(Paging):
    """Which documents to list."""


DOCUMENTS = Resource(
    path="/api/v2/docs/",
    model=Document,
    where=DocumentWhere,
    source="github.com/koddsson/coredata-python-client (2014)",
    evidence="legacy",
    deletable=True,
)
