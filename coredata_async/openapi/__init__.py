"""An OpenAPI 3.1 description of the service, made from the rows: what this library knows, and how sure it is.

The vendor's own description is a draft that nobody can fetch. Both files in `.docs/` come from here; after
a change to a row, `python -m coredata_async.openapi --docs .docs` writes them again.
"""

from coredata_async.openapi.description import describe
from coredata_async.openapi.endpoints import page

__all__ = ["describe", "page"]
