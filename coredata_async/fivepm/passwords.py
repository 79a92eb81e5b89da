"""Passwords that a request sets: those of new users, and of users that change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

from coredata_async.message import Request
from coredata_async.secret import Secret


def passwords_in(request: Request) -> Iterator[Secret[str]]:
    """Yield them, so that they are masked should the service repeat them."""
    if request.method == "POST" and "/users/" in request.path and isinstance(request.body, bytes):
        query = request.target.partition("?")[2]
        for name, value in (*parse_qsl(query), *parse_qsl(request.body.decode())):
            if name.lower().endswith("[password]"):
                yield Secret(value)
