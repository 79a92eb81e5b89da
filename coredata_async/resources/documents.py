"""Documents of any kind: filters and endpoint. Known only from clients of 2014."""

from __future__ import annotations

from attrs import frozen

from coredata_async.resources.document import Document
from coredata_async.wire.resource import Paging, Resource


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
