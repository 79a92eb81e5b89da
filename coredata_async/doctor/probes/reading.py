"""Questions that only read: authentication, refusals, the clock, signed URLs, and lists.

Of lists: the maximum page size, `next`, the working filters, and the listed fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from coredata_async.call import Call, perform
from coredata_async.doctor.finding import Answer, Question, note, ok, risk, unknown
from coredata_async.doctor.target import Envelope, Target, date_of
from coredata_async.errors import AuthenticationError, BadRequestError, NotFoundError
from coredata_async.message import Reply, Request
from coredata_async.storage.dialects import DIALECTS, expiry
from coredata_async.wire.blobs import reserve
from coredata_async.wire.calls import JSON_HEADERS
from coredata_async.wire.convert import from_json

ME: Final = "/api/v2/user/"
UNUSED_ID: Final = "00000000-0000-1000-8000-000000000000"
"""An id that no object has."""
LONG: Final = 3600.0
SHORT: Final = 60.0
SKEWED: Final = 60.0
FILES: Final = "/api/v2/files/"
FOLDERS: Final = "/api/v2/folders/"
LIMITS: Final = ("0", "1000", "5000")
SMALL: Final = 100


async def auth_v2(server: Target) -> Answer:
    """Report whether `apikey user:key` authenticates in version 2. Connection errors are raised."""
    try:
        await perform(server.engine.api, Call(Request("GET", ME, JSON_HEADERS), HTTPStatus.OK, _is_json))
    except AuthenticationError:
        return risk("no", "Check api_user and api_key; no further question can be asked.")
    return ok("yes", f"Signed in as {server.engine.account}.")


def _is_json(reply: Reply) -> None:
    """Refuse the page of a proxy, which also has status 200."""
    from_json(reply.body)


async def auth_v3(server: Target) -> Answer:
    """Report whether `apikey key` authenticates in version 3. Reserves a blob, and leaves it empty."""
    asked = reserve(1, "text/plain")
    reply = await server.engine.api(asked.request)
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return risk("no", "Set api_key_v3. Without it, files can be stored only with via='api'.")
    server.reserved, server.reserved_at = asked.answer(reply), date_of(reply)
    return ok("yes", "Blobs can be reserved.")


async def slash(server: Target) -> Answer:
    """Report the response to a path without its final slash."""
    reply = await server.get(ME.rstrip("/"))
    said = str(reply.status)
    if 300 <= reply.status < 400:  # noqa: PLR2004
        kept = "; method and body would be kept" if reply.status in {307, 308} else ""
        return ok(
            f"{said}, a redirect{kept}", "A redirected POST becomes a GET. Redirects are never followed."
        )
    if reply.status >= HTTPStatus.BAD_REQUEST:
        return ok(f"{said}, a refusal", "A forgotten slash cannot turn a POST into a GET.")
    return note(f"{said}, as if it were there", "This server does not redirect; paths end in a slash anyway.")


async def refusals(server: Target) -> Answer:
    """Report the form of refusals, whose bodies are not documented."""
    missing = await server.get(f"/api/v2/files/{UNUSED_ID}/")
    wrong = await server.get("/api/v2/files/", limit="x")
    said = f"unknown id: {_shape(missing)}; bad limit: {_shape(wrong)}"
    if missing.status < HTTPStatus.BAD_REQUEST:
        return risk(said, "An unknown id is not refused, so a missing object cannot be recognised.")
    if missing.status != HTTPStatus.NOT_FOUND:
        return note(said, "An unknown id is refused, but not with 404.")
    return ok(said, "Error messages contain the service's own text if there is any.")


def _shape(reply: Reply) -> str:
    kind = reply.header_line("Content-Type").partition(";")[0] or "no type"
    return f"{reply.status}, {f'{len(reply.body)} bytes of {kind}' if reply.body else 'no body'}"


async def clock(server: Target) -> Answer:
    """Report the difference between the two clocks."""
    before = server.clock()
    said = date_of(await server.get(ME))
    if said is None:
        return note("it does not send the time", "Ages of URLs are computed with this machine's clock.")
    skew = said + 0.5 - (before + server.clock()) / 2  # `Date` has whole seconds
    ahead = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine"
    if abs(skew) < 2:  # noqa: PLR2004
        return ok("they agree", "Uploads do not depend on it.")
    words = "Uploads do not depend on it; filters such as created__gt use the service's clock."
    return note(ahead, words) if abs(skew) < SKEWED else risk(ahead, f"Set this machine's clock. {words}")


async def signing(server: Target) -> Answer:
    """Report the host that receives bytes, and the form of the signature."""
    if server.reserved is None:
        return unknown("not known", "A blob could not be reserved.")
    target, own = urlsplit(server.reserved.put_url), urlsplit(server.engine.tenant)
    names = parse_qs(target.query)
    how = next((each.name for each in DIALECTS if each.signature in names), "an unknown method")
    host = "the service's own host" if target.netloc == own.netloc else f"{target.hostname}, another host"
    said = f"{host}, signed by {how}"
    if target.scheme != own.scheme:
        return risk(said, f"The URL begins with {target.scheme}://, the service's with {own.scheme}://.")
    return ok(said, "Keys are never sent there.")


async def url_lifetime(server: Target) -> Answer:
    """Report how long a signed URL is valid."""
    if server.reserved is None:
        return unknown("not known", "A blob could not be reserved.")
    until = expiry(server.reserved.put_url)
    if until is None:
        return unknown(
            "the URL does not state it", "An expired URL is recognised by the refusal, and replaced."
        )
    seconds = until.timestamp() - (server.clock() if server.reserved_at is None else server.reserved_at)
    said = f"{seconds:.0f} s"
    if seconds < SHORT:
        return risk(said, "Large files may take longer: a PUT must begin in this time.")
    words = "URLs are requested just before the bytes are sent, and replaced when they have expired."
    return (
        ok(said, words)
        if seconds <= LONG
        else note(said, f"{words} A person who sees one can write for that long.")
    )


READING: Final[Sequence[Question[Target]]] = (
    Question("auth-v2", "Does version 2 accept the key?", auth_v2, vital=True),
    Question("auth-v3", "Does version 3 accept the key alone?", auth_v3),
    Question("slash", "What is the response to a path without its final slash?", slash),
    Question("refusals", "What is the form of refusals?", refusals),
    Question("clock", "Do the clocks agree?", clock),
    Question("signing", "Which host receives the bytes?", signing),
    Question("url-lifetime", "How long is a signed URL valid?", url_lifetime),
)


async def max_limit(server: Target) -> Answer:
    """Report the effect of large limits. A title that no object has keeps the pages empty."""
    used = [(asked, (await server.page(FILES, title=server.token, limit=asked)).limit) for asked in LIMITS]
    said = ", ".join(f"limit={asked} gives {limit}" for asked, limit in used)
    sizes = [limit for _, limit in used if isinstance(limit, int) and limit > 0]
    if not sizes:
        return unknown(said, "meta.limit is not a number: paging counts the received objects.")
    words = f"A listing of 100,000 Files takes {-(-100_000 // max(sizes)):,} requests."
    return ok(said, words) if max(sizes) >= SMALL else note(said, words)


async def following(server: Target) -> Answer:
    """Report whether `meta.next` is present when there is more, leads to the next page, and ends."""
    first = await server.page(FILES, limit="1")
    if not first.total:
        return unknown("no File exists", "Paging counts the received objects and does not use next.")
    last = await server.page(FILES, limit="1", offset=str(first.total - 1))
    if last.total != first.total:
        return unknown(
            "Files were added or removed meanwhile",
            "Paging counts the received objects and does not use next.",
        )
    wrong = [
        words
        for holds, words in (
            (first.total > 1 and not first.next, "missing although there is more"),
            (_offset(first) not in {None, "1"}, "leading elsewhere than to the next page"),
            (bool(last.next), "present although no Files follow"),
        )
        if holds
    ]
    if wrong:
        return note(" and ".join(wrong), "Paging counts the received objects; do not rely on next here.")
    return ok("it is right", "Paging nevertheless counts the received objects.")


def _offset(page: Envelope) -> str | None:
    """Return the offset in `next`, as text."""
    if not isinstance(page.next, str) or not page.next:
        return None
    return parse_qs(urlsplit(page.next).query).get("offset", [""])[0]


async def file_filters(server: Target) -> Answer:
    """Report whether filters that no object passes give empty lists: unknown filters are ignored silently."""
    asked = {"title": server.token, "title__startswith": server.token, "parent": UNUSED_ID}
    if not (await server.page(FILES, limit="1")).total:
        return unknown("no File exists", "A File with a lost response is searched for by title and parent.")
    left = [name for name, text in asked.items() if await _is_filter_ignored(server, FILES, name, text)]
    if not left:
        return ok(f"{', '.join(asked)}", "A File with a lost response is searched for in one or two pages.")
    words = "To find one File, whole listings must be read."
    return risk(f"not {', '.join(left)}: ignored", words)


async def folder_filter(server: Target) -> Answer:
    """Report whether `?parent=` filters a list of Folders, which is not documented."""
    if not (await server.page(FOLDERS, limit="1")).total:
        return unknown("no Folder exists")
    if await _is_filter_ignored(server, FOLDERS, "parent", UNUSED_ID):
        return note("no: it is ignored", "To find one Folder, all Folders must be read.")
    return ok("yes", "The content of a Folder can be requested.")


async def _is_filter_ignored(server: Target, path: str, name: str, text: str) -> bool:
    """Return whether a filter that no object passes leaves objects in the list."""
    try:
        return (await server.page(path, limit="1", **{name: text})).total > 0
    except (BadRequestError, NotFoundError):
        return False  # the filter is evaluated, or it would not be refused


async def check_listed_fields(server: Target) -> Answer:
    """Report which fields of the listed Files can be used to identify one."""
    page = await server.page(FILES, limit="20")
    if not page.objects:
        return unknown("no File exists", "With --parent, one is created and examined.")
    named, summed = (sum(bool(each.get(name)) for each in page.objects) for name in ("blob_name", "digest"))
    count = len(page.objects)
    said = f"blob_name in {named} and digest in {summed} of {count} Files"
    if not named:
        words = (
            "Lost responses are resolved by digest and size"
            if summed
            else ("Lost responses remain unresolved")
        )
        return (note if summed else risk)(said, f"{words}: no blob_name is listed.")
    return ok(said, "blob_name is listed: lost responses can be resolved.")


LISTS: Final[Sequence[Question[Target]]] = (
    Question("max-limit", "How large may a page be?", max_limit),
    Question("next", "Is meta.next right?", following),
    Question("file-filters", "Which filters apply to a list of Files?", file_filters),
    Question("folder-filter", "Does ?parent= filter a list of Folders?", folder_filter),
)
SHOWN: Final[Sequence[Question[Target]]] = (
    Question("shown", "Which fields of a File do lists show?", check_listed_fields),
)
