"""Passwords in requests: those of new users, and of changed users."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

from coredata_async.message import Request
from coredata_async.secret import Secret


def passwords_in(request: Request) -> Iterator[Secret[str]]:
    """Yield the passwords in a request, which are masked if the service repeats them."""
    if request.method == "POST" and "/users/" in request.path and isinstance(request.body, bytes):
        query = request.target.partition("?")[2]
        for name, value in (*parse_qsl(query), *parse_qsl(request.body.decode())):
            if name.lower().endswith("[password]"):
                yield Secret(value)
