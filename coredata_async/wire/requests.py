"""Requests to paths that this library has no row for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from coredata_async.call import Call
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request
from coredata_async.wire.calls import JSON_HEADERS, SENDS_JSON
from coredata_async.wire.convert import encode_json


def free_request(
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    json: Any = None,
    expect: int = 200,
    repeatable: bool | None = None,
) -> Call[Reply]:
    """Build any request, with the same checks and retries as the others.

    Raises:
        ConfigurationError: If the path is not one of the service or lacks its final slash, or the body cannot
            be sent as JSON.
    """
    bare, _, rest = path.partition("?")
    if not bare.startswith("/") or not bare.endswith("/"):
        raise ConfigurationError(
            f"{bare!r} must begin and end with a slash: without the last one the server redirects, "
            "and a POST becomes a GET"
        )
    added = urlencode(query or {}, quote_via=quote, safe=":,")
    target = "?".join(part for part in (bare, "&".join(each for each in (rest, added) if each)) if part)
    verb = method.upper()
    request = Request(
        verb,
        target,
        JSON_HEADERS if json is None else SENDS_JSON,
        None if json is None else encode_json(json),
        repeatable=verb in {"GET", "HEAD", "PUT", "DELETE"} if repeatable is None else repeatable,
    )
    return Call(request, expect, lambda reply: reply)
