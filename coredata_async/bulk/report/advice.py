"""What people are told about a run, and about each reason for which a file was not uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.bulk.report.report import Ended, Report
from coredata_async.bulk.states import Why
from coredata_async.bulk.text import files

AGAIN: Final = "Run the same command again: it goes on where this run ended."

TITLES: Final[Mapping[Why, str]] = {
    Why.LINK: "Symbolic links",
    Why.SPECIAL: "Pipes, sockets, devices",
    Why.EXISTS: "A File of this name is there",
    Why.SAME: "The same File is there",
    Why.UNREADABLE: "Cannot be read",
    Why.CHANGED: "Changed while being read",
    Why.NAME: "Names that cannot be used",
    Why.COLLISION: "Names that would become one",
    Why.REFUSED: "Refused by the service",
    Why.STORAGE: "Refused by the storage",
    Why.NETWORK: "Not reached",
    Why.MISMATCH: "Other bytes than were sent",
    Why.UNCERTAIN: "Not known whether registered",
    Why.FOLDER: "No folder to be in",
    Why.INTERNAL: "Errors of this library",
}
"""By reason, a heading."""

ADVICE: Final[Mapping[Why, str]] = {
    Why.LINK: "To upload what they lead to, run it with --links follow.",
    Why.SPECIAL: "They have no content that could be uploaded.",
    Why.EXISTS: "Nothing was written. --existing says what is to be done about such files.",
    Why.SAME: "Nothing is to be done.",
    Why.UNREADABLE: "Check that they exist and their permissions, then run it again.",
    Why.CHANGED: "Run it again when nothing writes to them, or upload a copy of them.",
    Why.NAME: "Rename them, or let them be renamed there: --names escape, --names truncate.",
    Why.COLLISION: "Rename one of each pair. Neither was uploaded, so that none hides the other.",
    Why.REFUSED: "Read what the service said. What is wrong with them will be wrong the next time, too.",
    Why.STORAGE: "Read what the storage said. If it speaks of time, check this machine's clock.",
    Why.NETWORK: "Check the connection, then run it again.",
    Why.MISMATCH: "Run it again. If it happens again, something between here and there changes bytes.",
    Why.UNCERTAIN: "Look for each on the server before you upload it again. Nothing was guessed.",
    Why.FOLDER: "Read why the folder could not be made; then run it again.",
    Why.INTERNAL: "Please report it, with this report.",
}
"""By reason, what to do."""

_STOPPED: Final[Mapping[Ended, str]] = {
    "complete": "",
    "drained": "It was interrupted, and ended in good order.",
    "stopped": "It was stopped at once.",
    "time": "Its time was over.",
    "circuit": "The far end did not work for too long.",
    "clock": "A clock is wrong: signed URLs had expired when they were made.",
    "authentication": "The key was refused.",
    "conflict": "Another job is uploading the same files.",
    "error": "An error ended it.",
}


def verdict(report: Report) -> str:
    """What came of it, in a sentence or two."""
    counts = report.counts
    if report.finished and counts.planned == counts.done + counts.skipped:
        return _all_well(report)
    asides = [
        f"{count:,} {word}"
        for count, word in (
            (counts.skipped, "skipped"),
            (counts.failed, "failed"),
            (counts.unresolved, "unresolved"),
            (counts.pending, "still to be done"),
        )
        if count
    ]
    told = f"{counts.done:,} of {files(counts.planned)} {'is' if counts.done == 1 else 'are'} on the server"
    ending = _STOPPED[report.ended]
    return " ".join(
        part for part in (f"{told}; {', '.join(asides)}." if asides else f"{told}.", ending) if part
    )


def _all_well(report: Report) -> str:
    counts = report.counts
    if not counts.planned:
        return "There was nothing to upload."
    if not counts.done:
        return f"Nothing had to be uploaded: {files(counts.skipped)} skipped."
    every = "The one file is" if counts.done == 1 else f"All {files(counts.done)} are"
    skipped = f", and {counts.skipped:,} skipped" if counts.skipped else ""
    twice = f"; {files(report.duplicates_total)} there twice" if report.duplicates_total else ""
    return f"{every} on the server{skipped}{twice}."
