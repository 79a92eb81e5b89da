"""OpenAPI 3.1 description of the service, generated from the rows, with the evidence for each operation.

The vendor's own description is a draft that is not published. Both files in `.docs/` are generated here;
after a change to a row, run `python -m tools.openapi --docs .docs`.
"""

from tools.openapi.description import describe
from tools.openapi.endpoints import page

__all__ = ["describe", "page"]
