"""Questions about names: trimmed, normalised, cut, refused, or unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coredata_async.doctor.finding import Answer, Question, note, ok, risk
from coredata_async.doctor.scratch import ScratchFolder
from coredata_async.errors import APIStatusError

LENGTHS: Final = (255, 300)
ODD: Final = " a'b\"&=+%41#;,!$~()[]{}^`@ äöþ漢 \N{GRINNING FACE}"
"""A name that a disk may contain, and Windows may not."""


async def titles(place: ScratchFolder) -> Answer:
    """Report whether titles are returned unchanged."""
    cases = {
        "spaces at both ends": f"  {place.title} spaces  ",
        "two spaces in a row": f"{place.title}  two",
        "decomposed letters (NFD)": f"{place.title} e\N{COMBINING ACUTE ACCENT}",
        "odd characters": f"{place.title}{ODD}",
    }
    changed = [case for case, title in cases.items() if await _title(place, title) != title]
    if not changed:
        return ok("unchanged", "A File can be searched for by its title.")
    words = "Titles are not a key here: Files are searched for by the beginning of the title, or one by one."
    return note(f"changed: {', '.join(changed)}", words)


async def long_titles(place: ScratchFolder) -> Answer:
    """Report the maximum length of a title."""
    said = [f"{length}: {await _title_result(place, length)}" for length in LENGTHS]
    kept = [each for each in said if each.endswith("kept")]
    words = "Names on disk have at most 255 bytes."
    return ok(", ".join(said), words) if len(kept) == len(said) else note(", ".join(said), words)


async def _title_result(place: ScratchFolder, length: int) -> str:
    title = f"{place.title} ".ljust(length, "x")
    try:
        found = await _title(place, title)
    except APIStatusError as exc:
        return f"refused with {exc.status}"
    return "kept" if found == title else f"cut to {len(str(found))}"


async def _title(place: ScratchFolder, title: str) -> object:
    made = await place.make_file(filename=f"{place.title} title {len(place.files)}.txt", title=title)
    return (await place.detail(made)).get("title")


async def filenames(place: ScratchFolder) -> Answer:
    """Report whether odd file names are returned unchanged."""
    filename = f"{place.title}{ODD}.txt"
    try:
        made = await place.make_file(filename=filename, title=f"{place.title} filename")
    except APIStatusError as exc:
        return risk(
            f"refused with {exc.status}", "Files with such names fail; --names=escape writes them as %XX."
        )
    found = (await place.detail(made)).get("filename")
    if found == filename:
        return ok("kept", "Names on disk and in CoreData are the same.")
    return note("changed", f"It became {found!r}: --names=escape keeps names distinct.")


NAMES: Final[Sequence[Question[ScratchFolder]]] = (
    Question("titles", "Are titles returned unchanged?", titles),
    Question("long-titles", "How long may a title be?", long_titles),
    Question("filenames", "Are odd file names returned unchanged?", filenames),
)
