"""What people are told about a run, and about each reason for which a file was not uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.bulk.formatting import files
from coredata_async.bulk.report.report import Ended, Report
from coredata_async.bulk.states import Reason

AGAIN: Final = "Run the same command again: it goes on where this run ended."

TITLES: Final[Mapping[Reason, str]] = {
    Reason.LINK: "Symbolic links",
    Reason.SPECIAL: "Pipes, sockets, devices",
    Reason.EXISTS: "A File of this name is there",
    Reason.SAME: "The same File is there",
    Reason.UNREADABLE: "Cannot be read",
    Reason.CHANGED: "Changed while being read",
    Reason.NAME: "Names that cannot be used",
    Reason.COLLISION: "Names that would become one",
    Reason.REFUSED: "Refused by the service",
    Reason.STORAGE: "Refused by the storage",
    Reason.NETWORK: "Not reached",
    Reason.MISMATCH: "Other bytes than were sent",
    Reason.UNCERTAIN: "Not known whether registered",
    Reason.FOLDER: "No folder to be in",
    Reason.INTERNAL: "Errors of this library",
}
"""By reason, a heading."""

ADVICE: Final[Mapping[Reason, str]] = {
    Reason.LINK: "To upload what they lead to, run it with --links follow.",
    Reason.SPECIAL: "They have no content that could be uploaded.",
    Reason.EXISTS: "Nothing was written. --existing says what is to be done about such files.",
    Reason.SAME: "Nothing is to be done.",
    Reason.UNREADABLE: "Check that they exist and their permissions, then run it again.",
    Reason.CHANGED: "Run it again when nothing writes to them, or upload a copy of them.",
    Reason.NAME: "Rename them, or let them be renamed there: --names escape, --names truncate.",
    Reason.COLLISION: "Rename one of each pair. Neither was uploaded, so that none hides the other.",
    Reason.REFUSED: "Read what the service said. What is wrong with them will be wrong the next time, too.",
    Reason.STORAGE: "Read what the storage said. If it speaks of time, check this machine's clock.",
    Reason.NETWORK: "Check the connection, then run it again.",
    Reason.MISMATCH: "Run it again. If it happens again, something between here and there changes bytes.",
    Reason.UNCERTAIN: "Look for each on the server before you upload it again. Nothing was guessed.",
    Reason.FOLDER: "Read why the folder could not be made; then run it again.",
    Reason.INTERNAL: "Please report it, with this report.",
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


def summarize(report: Report) -> str:
    """Return what came of it, in a sentence or two."""
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
