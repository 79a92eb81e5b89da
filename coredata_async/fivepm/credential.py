"""Place of a session id, or of login and password, in a request, and passwords that requests contain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from attrs import evolve

from coredata_async.fivepm.bodies import join, size_of
from coredata_async.fivepm.request_style import URLENCODED, urlencode_pairs
from coredata_async.message import Request
from coredata_async.secret import Secret

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')


def with_credentials(request: Request, secrets: Mapping[str, str], *, in_query: bool = False) -> Request:
    """Return the request with secret parameters; those of a POST go into its body.

    Args:
        request: A GET, or a POST of a form of either encoding, whose body may be a stream.
        secrets: The parameters.
        in_query: True to put them into the query of a POST, too, as in the documentation's examples.
    """
    # The parameters are never in a variable, because crash reporters print those of every frame.
    if request.method == "GET" or in_query:
        mark = "&" if "?" in request.target else "?"
        return evolve(request, target=f"{request.target}{mark}{urlencode_pairs([*secrets.items()])}")
    content_type = _content_type(request)
    body = request.body or b""
    if content_type.startswith("multipart/"):
        return evolve(request, body=join(_parts(secrets, content_type), body))
    headers = request.headers if content_type else {**request.headers, "Content-Type": URLENCODED}
    mark = "&" if size_of(body) else ""
    return evolve(
        request, headers=headers, body=join(f"{urlencode_pairs([*secrets.items()])}{mark}".encode(), body)
    )


def _content_type(request: Request) -> str:
    return next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")


def _parts(fields: Mapping[str, str], content_type: str) -> bytes:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("the multipart body of the request has no boundary in its Content-Type")
    return b"".join(
        f'--{found[1]}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )


def passwords_in(request: Request) -> Iterator[Secret[str]]:
    """Yield the passwords in a request, which are masked if the service repeats them."""
    if request.method == "POST" and "/users/" in request.path and isinstance(request.body, bytes):
        query = request.target.partition("?")[2]
        for name, value in (*parse_qsl(query), *parse_qsl(request.body.decode())):
            if name.lower().endswith("[password]"):
                yield Secret(value)
