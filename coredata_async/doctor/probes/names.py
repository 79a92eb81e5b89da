"""What becomes of names: trimmed, normalised, cut, refused, or kept as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coredata_async.doctor.finding import Answer, Question, note, ok, risk
from coredata_async.doctor.scratch import ScratchFolder
from coredata_async.errors import APIStatusError

LENGTHS: Final = (255, 300)
ODD: Final = " a'b\"&=+%41#;,!$~()[]{}^`@ äöþ漢 \N{GRINNING FACE}"
"""What a name may hold on disk, and the Windows of others may not."""


async def titles(place: ScratchFolder) -> Answer:
    """Return whether titles come back as they were given."""
    cases = {
        "spaces at both ends": f"  {place.title} spaces  ",
        "two spaces in a row": f"{place.title}  two",
        "decomposed letters (NFD)": f"{place.title} e\N{COMBINING ACUTE ACCENT}",
        "odd characters": f"{place.title}{ODD}",
    }
    changed = [case for case, title in cases.items() if await _title(place, title) != title]
    if not changed:
        return ok("as they were given", "A File can be looked for by its title.")
    words = "Titles are no key here: Files are looked for by the beginning of the title, or one by one."
    return note(f"changed: {', '.join(changed)}", words)


async def long_titles(place: ScratchFolder) -> Answer:
    """Return how long a title may be."""
    said = [f"{length}: {await _title_result(place, length)}" for length in LENGTHS]
    kept = [each for each in said if each.endswith("kept")]
    words = "Names on disk have 255 bytes at most."
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
    """Return whether odd file names come back as they were given."""
    filename = f"{place.title}{ODD}.txt"
    try:
        made = await place.make_file(filename=filename, title=f"{place.title} filename")
    except APIStatusError as exc:
        return risk(
            f"refused with {exc.status}", "Files of such names fail; --names=escape writes them as %XX."
        )
    found = (await place.detail(made)).get("filename")
    if found == filename:
        return ok("kept", "Names on disk and in CoreData are the same.")
    return note("changed", f"It became {found!r}: --names=escape keeps names apart.")


NAMES: Final[Sequence[Question[ScratchFolder]]] = (
    Question("titles", "Do titles come back as given?", titles),
    Question("long-titles", "How long may a title be?", long_titles),
    Question("filenames", "Do odd file names come back as given?", filenames),
)
