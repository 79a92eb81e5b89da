"""Texts for people: the summary of a run, and advice for each reason why a file was not uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.bulk.formatting import files
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import Ended, Reason

TITLES: Final[Mapping[Reason, str]] = {
    Reason.LINK: "Symbolic links",
    Reason.SPECIAL: "Pipes, sockets, devices",
    Reason.EXISTS: "A File of this name exists",
    Reason.SAME: "The same File exists",
    Reason.UNREADABLE: "Cannot be read",
    Reason.CHANGED: "Changed while being read",
    Reason.NAME: "Names that cannot be used",
    Reason.COLLISION: "Names that would become equal",
    Reason.REFUSED: "Refused by the service",
    Reason.STORAGE: "Refused by the storage",
    Reason.NETWORK: "Host not reached",
    Reason.MISMATCH: "Different bytes than were sent",
    Reason.UNCERTAIN: "Unknown whether registered",
    Reason.FOLDER: "Folder not created",
    Reason.INTERNAL: "Errors of this library",
}
"""Heading of each reason."""

ADVICE: Final[Mapping[Reason, str]] = {
    Reason.LINK: "To upload their targets, use --links follow.",
    Reason.SPECIAL: "They have no content to upload.",
    Reason.EXISTS: "Nothing was written. Use --existing to choose another rule for such files.",
    Reason.SAME: "Nothing needs to be done.",
    Reason.UNREADABLE: "Check that they exist, and check their permissions; then run it again.",
    Reason.CHANGED: "Run it again when nothing writes to them, or upload a copy of them.",
    Reason.NAME: "Rename them, or use --names escape or --names truncate for other names on the server.",
    Reason.COLLISION: "Rename one of each pair, or give each source of a cluster its own folder. None was "
    "uploaded that would hide another one.",
    Reason.REFUSED: "Read the message of the service and correct the cause; another run alone does not help.",
    Reason.STORAGE: "Read the message of the storage. If it mentions the time, check this machine's clock.",
    Reason.NETWORK: "Check the connection, then run it again.",
    Reason.MISMATCH: "Run it again. If it happens again, a proxy or the storage changes the bytes.",
    Reason.UNCERTAIN: "Look for each on the server before you upload it again. Nothing was guessed.",
    Reason.FOLDER: "Read why the folder could not be created; then run it again.",
    Reason.INTERNAL: "Please report it, and attach this report.",
}
"""Advice for each reason."""

_STOPPED: Final[Mapping[Ended, str]] = {
    "complete": "",
    "drained": "It was interrupted, and the files in flight were finished.",
    "stopped": "It was stopped at once.",
    "time": "The maximum duration has passed.",
    "lease": "Its lease ended, so that another process may continue it.",
    "circuit": "The service or the storage did not work for too long.",
    "clock": "A clock is wrong: signed URLs had expired when they were made.",
    "authentication": "The key was refused.",
    "conflict": "Another job is uploading the same files.",
    "input": "The parent or a source does not exist, or is of the wrong kind.",
    "error": "An error ended it.",
}


def summarize(report: Report) -> str:
    """Return the result of a run in one or two sentences."""
    counts = report.counts
    if report.finished and counts.planned == counts.done + counts.skipped:
        return _summarize_success(report)
    asides = [
        f"{count:,} {word}"
        for count, word in (
            (counts.skipped, "skipped"),
            (counts.failed, "failed"),
            (counts.unresolved, "unresolved"),
            (counts.pending, "pending"),
        )
        if count
    ]
    verb = "is" if 1 in {counts.done, counts.planned} else "are"
    done = f"{counts.done:,} of {files(counts.planned)} {verb} on the server"
    ending = _STOPPED[report.ended]
    return " ".join(
        part for part in (f"{done}; {', '.join(asides)}." if asides else f"{done}.", ending) if part
    )


def _summarize_success(report: Report) -> str:
    counts = report.counts
    if not counts.planned:
        return " ".join(("There was nothing to upload.", *report.warnings[:1]))
    if not counts.done:
        return f"No file had to be uploaded: {files(counts.skipped)} skipped."
    whole = "The one file is" if counts.done == 1 else f"All {files(counts.done)} are"
    skipped = f", and {counts.skipped:,} skipped" if counts.skipped else ""
    duplicates = f"; {files(report.duplicates_total)} with duplicates" if report.duplicates_total else ""
    return f"{whole} on the server{skipped}{duplicates}."
