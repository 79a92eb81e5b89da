"""Files for reports: JSON for programs, HTML for people, selected by the extension."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from coredata_async.bulk.report.as_json import as_json
from coredata_async.bulk.report.html import render
from coredata_async.bulk.report.report import Report
from coredata_async.control_characters import json_line
from coredata_async.storage.atomic import Target, new_part

_FORMS: Final[Mapping[str, Callable[[Report], str]]] = {
    ".json": lambda report: json_line(as_json(report), indent=1) + "\n",
    ".html": render,
}


def report_file(text: str) -> Path:
    """Parse the path of a report, and check before the job starts that the file can be written."""
    path = Path(text)
    if path.suffix.lower() not in _FORMS:
        raise click.BadParameter(f"{text!r} must end in {' or '.join(_FORMS)}")
    if path.is_dir():
        raise click.BadParameter(f"{text!r} is a folder")
    if not path.parent.is_dir():
        raise click.BadParameter(f"the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise click.BadParameter(f"the folder {path.parent} is not writable")
    return path


def write(report: Report, path: Path) -> None:
    """Write a report atomically; an existing file is replaced, and a link is not followed.

    Raises:
        OSError: If it cannot be written.
        TransferError: If the path has become a directory, a device or a pipe.
    """
    text = _FORMS[path.suffix.lower()](report)
    target = Target.examine(path, overwrite=True)
    with new_part(target) as part:
        part.file.write(text.encode("utf-8", "backslashreplace"))
        part.file.flush()
        os.fsync(part.file.fileno())
        part.publish(target)
