"""Redaction of replies: each request carries a redactor for its secrets, and its reply receives it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator
from urllib.parse import unquote, urlsplit

from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret


def redact_replies(send: Send, redactor: Redactor) -> Send:
    """Mask secrets in the text of a reply: those of the redactor, and the query of a signed URL."""

    def through(request: Request) -> Awaitable[Reply]:
        own = request.redactor.secrets
        url = Secret(request.target) if request.is_absolute else None
        known = Redactor((*redactor.secrets, *own) if own else redactor.secrets, url)
        return send(request.with_headers(request.headers, known))

    return through


def passwords_in(urls: Iterable[Secret[str]]) -> Iterator[Secret[str]]:
    """Yield the passwords in URLs of proxies, as they are written and as they are sent."""
    for url in urls:
        try:
            text = url.reveal()
            written = urlsplit(text if "://" in text else f"http://{text}").password
        except ValueError:
            continue
        if written:
            yield Secret(written)
            yield Secret(unquote(written))
