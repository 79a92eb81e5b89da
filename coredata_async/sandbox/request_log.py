"""Request log: enough for assertions, without credentials."""

import re
from collections.abc import Mapping

from attrs import frozen

_CREDENTIAL = re.compile(r"([?&](?:password|sessionId)=)[^&]*")


@frozen
class Seen:
    """One request as it arrived, and the status of its response."""

    operation: str
    method: str
    target: str
    """Request target byte for byte, including the query: shows whether a signed URL was re-quoted.

    Only 5pm's credentials, which are arguments, are masked in it.
    """
    headers: Mapping[str, str]
    """Names in lower case. The value of `authorization` is masked, its scheme kept."""
    status: int
    """Status of the response; 0 if the connection was broken off instead."""
    body_bytes: int
    """Number of bytes of the request's body that were read."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with lower-case names and without the credential."""
    plain = {name.lower(): value for name, value in headers.items()}
    if "authorization" in plain:
        scheme, _, _ = plain["authorization"].partition(" ")
        plain["authorization"] = f"{scheme} ***"
    return plain


def mask_target(target: str) -> str:
    """Return a request target without the values of 5pm's credentials."""
    return _CREDENTIAL.sub(r"\1***", target)
