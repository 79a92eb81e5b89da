"""Query strings and forms of both services."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from coredata_async.errors import ConfigurationError
from coredata_async.escapes import describe_half_pair


def encode_pairs(pairs: Sequence[tuple[str, str]], *, safe: str = "") -> str:
    """Encode names and values as a query string or a form.

    Raises:
        ConfigurationError: If one contains half of a surrogate pair, which cannot be sent.
    """
    try:
        return urlencode(pairs, quote_via=quote, safe=safe)
    except UnicodeEncodeError as exc:
        trouble = describe_half_pair(exc)
    raise ConfigurationError(trouble)
