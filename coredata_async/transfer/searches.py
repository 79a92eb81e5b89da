"""Searches for a File in lists: in a project, in a folder, or by title."""

from __future__ import annotations

import re
from typing import Final

from coredata_async.resources.files import FileWhere
from coredata_async.resources.projects import PROJECTS
from coredata_async.transfer.lookup import Search

PAGE: Final = 200
"""Files per page."""
LONGEST: Final = 30
"""Maximum number of characters of a title to search for, because the server may have cut or changed the rest.
"""
_SAFE: Final = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")


def project_search(project: str) -> Search:
    """Return the search for all Files of a project, whose parent is not the project but its workspace."""
    return Search(FileWhere(page_size=PAGE), f"{PROJECTS.object_path(project)}files/")


def folder_search(folder: str) -> Search:
    """Return the search for all Files directly in a folder."""
    return Search(FileWhere(parent=folder, page_size=PAGE))


def title_search(title: str) -> Search | None:
    """Return the search for all Files with a similar title, or None if the title cannot be searched for.

    Servers trim, cut and normalise titles, but they do not change the first plain words.
    """
    match = _SAFE.match(title[:LONGEST])
    if not match:
        return None
    # The last character may combine with an accent that follows it.
    beginning = match[0] if match.end() == len(title) else match[0][:-1]
    return Search(FileWhere(title__startswith=beginning, page_size=PAGE)) if beginning else None
