"""What of an answer may be kept and shown."""

from __future__ import annotations

import re
from typing import Final

EXCERPT: Final = 2000
"""How many bytes of an odd answer an error keeps."""
SHOWN_HEADERS: Final = ("Content-Type", "Date", "Server", "Allow", "Retry-After", "X-Request-Id", "Via")
"""An allow-list: cookies and redirect targets are secrets."""

_QUERY: Final = re.compile(r"\?[^\s\"'<>=?]*=[^\s\"'<>]*")


def without_queries(text: str) -> str:
    """The text with the query of every URL in it cut: that of a signed URL is a credential."""
    return _QUERY.sub("?…", text)
