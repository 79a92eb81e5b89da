"""What an answer calls the file that it holds."""

from __future__ import annotations

import re
from urllib.parse import unquote


def disposed(header: str) -> str | None:
    """The file name in a Content-Disposition: the encoded form first (RFC 6266)."""
    encoded = re.search(r"filename\*\s*=\s*utf-8''([^;]+)", header, re.IGNORECASE)
    if encoded:
        return unquote(encoded[1].strip())
    plain = re.search(r'filename\s*=\s*"?([^";]+)"?', header, re.IGNORECASE)
    return plain[1].strip() if plain else None
