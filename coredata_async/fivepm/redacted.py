"""Secrets struck out of answers, should the service repeat them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus

from attrs import evolve

from coredata_async.fivepm.codec.tree import parse
from coredata_async.fivepm.replies import failed
from coredata_async.message import Reply, Request

MASK: Final = b"***"
_BEYOND_WORDS: Final = 1 << 20
"""Bytes: what is longer is data, unless it is a web page; a search through it would take its time."""
_PAGE: Final = re.compile(rb"\s*<(?:!doctype\s+)?html\b", re.IGNORECASE)


def struck(reply: Reply, secrets: Iterable[str]) -> Reply:
    """The reply without the secrets, in whichever of the usual ways they are spelled."""
    body = reply.body
    for secret in secrets:
        for spelled in sorted(set(_spellings(secret)), key=len, reverse=True):
            body = body.replace(spelled, MASK)
    return reply if body == reply.body else evolve(reply, body=body)


def struck_from_errors(reply: Reply, secrets: Iterable[str]) -> Reply:
    """The same, where the service speaks; what it serves is left as it is, whatever it holds."""
    if len(reply.body) > _BEYOND_WORDS and not _PAGE.match(reply.body):
        return reply
    clean = struck(reply, secrets)
    return clean if clean is not reply and _is_error(reply) else reply


def passwords_in(request: Request) -> Iterator[str]:
    """The passwords a request sets: those of new users, and of users that change."""
    if request.method == "POST" and "/users/" in request.path and isinstance(request.body, bytes):
        query = request.target.partition("?")[2]
        for name, value in (*parse_qsl(query), *parse_qsl(request.body.decode())):
            if name.lower().endswith("[password]"):
                yield value


def _is_error(reply: Reply) -> bool:
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES or failed(reply):
        return True
    try:
        parse(reply.body)
    except ValueError:
        return True
    return False


def _spellings(secret: str) -> Iterator[bytes]:
    yield from (
        each.encode()
        for each in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            escape(secret),
            escape(secret, quote=False),
        )
    )
    # As JSON writes it, with and without the slashes that PHP escapes.
    yield (text := json.dumps(secret)[1:-1]).encode()
    yield text.replace("/", "\\/").encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
