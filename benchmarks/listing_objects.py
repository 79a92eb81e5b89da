"""Pages of Files as the service documents them, and a hand-written decoder of them.

The classes are those of a programmer in a hurry who knows attrs: slots, no unknown fields kept, every value
assumed to be as the page says, and positional arguments, which are a fifth faster than keywords.
"""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define

SEED = 5
PROJECTS = 50
"""Number of nested objects of each kind, spread over a page."""


def page(count: int, *, offset: int = 0, total: int | None = None) -> bytes:
    """Return one page: the documented envelope and File, 30 fields and three nested objects, 1.3 KB each."""
    numbers = random.Random(SEED + offset)
    many = offset + count if total is None else total
    meta = {"limit": count, "next": None, "offset": offset, "previous": None, "total_count": many}
    files = [_file(numbers) for _ in range(count)]
    return json.dumps({"meta": meta, "objects": files}).encode()


def _file(numbers: random.Random) -> dict[str, Any]:
    key, place = _id(numbers), numbers.randrange(PROJECTS)
    stamp = f"2023-10-{numbers.randint(10, 28)}T19:{numbers.randint(10, 59)}:18"
    name = f"sample-{numbers.randrange(10**6)}"
    return {
        "aspects": {},
        "blob_name": numbers.randbytes(16).hex(),
        "category": "main",
        "created": stamp,
        "created_by": "Administrator Administrator",
        "description": "",
        "digest": numbers.randbytes(16).hex(),
        "dynatype": {
            "caption_plural": "dynatypes_labels:File_plural:",
            "caption_singular": "dynatypes_labels:File_singular:",
            "id": "6d19dacc-71cf-11ee-b1e9-8f8e8372e41a",
            "title": "File",
        },
        "filename": f"{name}.pdf",
        "fileplan": "",
        "fileplan_title": "",
        "folder": "",
        "id": key,
        "mime_type": "application/pdf",
        "modified": stamp,
        "modified_by": "Administrator Administrator",
        "owner": None,
        "parent": _id(random.Random(place)),
        "path": f"/domain/spaces/Spaces/Space/Projects/Project/2023-{place}/{name}.pdf",
        "project": {
            "id": _id(random.Random(-place)),
            "identifier": f"2023-{place}",
            "title": f"Document title {place}",
        },
        "resource_uri": f"/api/v2/files/{key}/",
        "size": numbers.randrange(10**6),
        "snapshot_id": _id(numbers),
        "space": {"id": "2a3b87be-71cf-11ee-a5ea-1b559886a85c", "title": "Space"},
        "tags": [],
        "template": None,
        "title": name,
        "type": "File",
        "userhome": None,
        "version": "0.1",
    }


def _id(numbers: random.Random) -> str:
    return str(UUID(bytes=numbers.randbytes(16), version=1))


@define
class Dynatype:
    """Hand-written class."""

    id: str
    title: str
    caption_singular: str
    caption_plural: str


@define
class Project:
    """Hand-written class."""

    id: str
    identifier: str
    title: str


@define
class Space:
    """Hand-written class."""

    id: str
    title: str


@define
class File:
    """Hand-written class."""

    aspects: dict[str, Any]
    blob_name: str
    category: str
    created: datetime
    created_by: str
    description: str
    digest: str
    dynatype: Dynatype
    filename: str
    fileplan: str
    fileplan_title: str
    folder: str
    id: str
    mime_type: str
    modified: datetime
    modified_by: str
    owner: Any
    parent: str
    path: str
    project: Project
    resource_uri: str
    size: int
    snapshot_id: str
    space: Space
    tags: list[str]
    template: Any
    title: str
    type: str
    userhome: Any
    version: str


def by_hand(raw: dict[str, Any]) -> File:
    """Build a File from a decoded object, including naive datetimes."""
    dynatype, project, space = raw["dynatype"], raw["project"], raw["space"]
    return File(
        raw["aspects"],
        raw["blob_name"],
        raw["category"],
        datetime.fromisoformat(raw["created"]),
        raw["created_by"],
        raw["description"],
        raw["digest"],
        Dynatype(dynatype["id"], dynatype["title"], dynatype["caption_singular"], dynatype["caption_plural"]),
        raw["filename"],
        raw["fileplan"],
        raw["fileplan_title"],
        raw["folder"],
        raw["id"],
        raw["mime_type"],
        datetime.fromisoformat(raw["modified"]),
        raw["modified_by"],
        raw["owner"],
        raw["parent"],
        raw["path"],
        Project(project["id"], project["identifier"], project["title"]),
        raw["resource_uri"],
        raw["size"],
        raw["snapshot_id"],
        Space(space["id"], space["title"]),
        raw["tags"],
        raw["template"],
        raw["title"],
        raw["type"],
        raw["userhome"],
        raw["version"],
    )
