"""What masks the secrets of a request goes with it, and comes back with its reply."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from urllib.parse import unquote, urlsplit

from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret


def redacting(send: Send, redactor: Redactor) -> Send:
    """Mask secrets in what is shown of a reply: those of the redactor, and the query of a signed URL."""

    def through(request: Request) -> Awaitable[Reply]:
        known = redactor.also(*request.redactor.secrets)
        if request.whole:
            known = known.also(url=Secret(request.target))
        return send(request.with_headers(request.headers, known))

    return through


def passwords_in(url: Secret[str] | None) -> Iterator[Secret[str]]:
    """Yield the password in a URL, as of a proxy, as it is written and as it is sent."""
    try:
        written = urlsplit(url.reveal() if url else "").password
    except ValueError:
        return
    if written:
        yield Secret(written)
        yield Secret(unquote(written))
