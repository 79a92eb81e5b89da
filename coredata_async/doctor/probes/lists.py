"""What lists do: how large a page may be, whether `next` is right, which filters narrow, what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from coredata_async.doctor.finding import Answer, Question, note, ok, risk, unknown
from coredata_async.doctor.probes.reading import NOBODY
from coredata_async.doctor.target import Envelope, Target
from coredata_async.errors import BadRequestError, NotFoundError

FILES: Final = "/api/v2/files/"
FOLDERS: Final = "/api/v2/folders/"
LIMITS: Final = ("0", "1000", "5000")
SMALL: Final = 100


async def max_limit(far: Target) -> Answer:
    """Return what becomes of large pages. A title that nothing has keeps them empty."""
    used = [(asked, (await far.page(FILES, title=far.token, limit=asked)).limit) for asked in LIMITS]
    said = ", ".join(f"limit={asked} gives {limit}" for asked, limit in used)
    sizes = [limit for _, limit in used if isinstance(limit, int) and limit > 0]
    if not sizes:
        return unknown(said, "meta.limit is no number: pages are reckoned by what they hold.")
    words = f"A listing of 100,000 Files takes {-(-100_000 // max(sizes)):,} requests."
    return ok(said, words) if max(sizes) >= SMALL else note(said, words)


async def following(far: Target) -> Answer:
    """Return whether `meta.next` is there when there is more, leads to the next page, and ends."""
    first = await far.page(FILES, limit="1")
    if not first.total:
        return unknown("there is no File", "Paging goes by what was received, not by next.")
    last = await far.page(FILES, limit="1", offset=str(first.total - 1))
    if last.total != first.total:
        return unknown("Files came or went meanwhile", "Paging goes by what was received, not by next.")
    wrong = [
        words
        for holds, words in (
            (first.total > 1 and not first.next, "missing although there is more"),
            (_offset(first) not in {None, "1"}, "leading elsewhere than to the next page"),
            (bool(last.next), "there although there is no more"),
        )
        if holds
    ]
    if wrong:
        return note(" and ".join(wrong), "Paging goes by what was received; nobody may rely on next here.")
    return ok("it is right", "Paging goes by what was received all the same.")


def _offset(page: Envelope) -> str | None:
    """The offset `next` leads to, as text."""
    if not isinstance(page.next, str) or not page.next:
        return None
    return parse_qs(urlsplit(page.next).query).get("offset", [""])[0]


async def file_filters(far: Target) -> Answer:
    """Whether filters that nothing can pass leave nothing: what is not known is ignored without a word."""
    asked = {"title": far.token, "title__startswith": far.token, "parent": NOBODY}
    if not (await far.page(FILES, limit="1")).total:
        return unknown("there is no File", "A lost answer is looked for with title and parent.")
    left = [name for name, text in asked.items() if await _is_filter_ignored(far, FILES, name, text)]
    if not left:
        return ok(f"{', '.join(asked)}", "A lost answer is looked for in a page or two.")
    words = "To find one File, whole listings have to be read."
    return risk(f"not {', '.join(left)}: ignored", words)


async def folder_filter(far: Target) -> Answer:
    """Return whether `?parent=` narrows a list of Folders: nothing documents it."""
    if not (await far.page(FOLDERS, limit="1")).total:
        return unknown("there is no Folder")
    if await _is_filter_ignored(far, FOLDERS, "parent", NOBODY):
        return note("no: it is ignored", "To find one Folder, all Folders there are have to be read.")
    return ok("yes", "What is in a Folder can be asked for.")


async def _is_filter_ignored(far: Target, path: str, name: str, text: str) -> bool:
    """Return whether a filter that nothing passes leaves something."""
    try:
        return (await far.page(path, limit="1", **{name: text})).total > 0
    except (BadRequestError, NotFoundError):
        return False  # it is looked at, or it would not be refused


async def check_listed_fields(far: Target) -> Answer:
    """Return which fields of the Files that are there can be used to recognise one."""
    page = await far.page(FILES, limit="20")
    if not page.objects:
        return unknown("there is no File", "With --parent, one is made and looked at.")
    named, summed = (sum(bool(each.get(name)) for each in page.objects) for name in ("blob_name", "digest"))
    count = len(page.objects)
    said = f"blob_name in {named} and digest in {summed} of {count} Files"
    if not named:
        words = "Lost answers are settled by digest and size" if summed else "Lost answers stay unresolved"
        return (note if summed else risk)(said, f"{words}: no blob_name is listed.")
    return ok(said, "blob_name is listed: lost answers can be settled.")


LISTS: Final[Sequence[Question[Target]]] = (
    Question("max-limit", "How large may a page be?", max_limit),
    Question("next", "Is meta.next right?", following),
    Question("file-filters", "Which filters narrow a list of Files?", file_filters),
    Question("folder-filter", "Does ?parent= narrow a list of Folders?", folder_filter),
)
SHOWN: Final[Sequence[Question[Target]]] = (
    Question("shown", "What do lists show of a File?", check_listed_fields),
)
