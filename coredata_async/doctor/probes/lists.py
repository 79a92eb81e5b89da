"""Questions about lists: the maximum page size, `next`, the working filters, and the listed fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from coredata_async.doctor.finding import Answer, Question, note, ok, risk, unknown
from coredata_async.doctor.probes.reading import UNUSED_ID
from coredata_async.doctor.target import Envelope, Target
from coredata_async.errors import BadRequestError, NotFoundError

FILES: Final = "/api/v2/files/"
FOLDERS: Final = "/api/v2/folders/"
LIMITS: Final = ("0", "1000", "5000")
SMALL: Final = 100


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
