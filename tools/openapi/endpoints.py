"""The table of endpoints as a Markdown page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.resources.registry import Endpoint, endpoints, table

_INTRODUCTION: Final = """\
# Endpoints

All requests of this library to the API, from its own table (`coredata_async/resources/registry.py`),
followed by the two requests to the storage. This page
and `openapi.json` are generated. After a change to a row, write both again with

```
python -m tools.openapi --docs .docs
```

**Evidence** is the certainty of a row:

- *documented*: method, path and response are on the vendor's pages.
- *named*: the pages only mention it. Path or body are chosen by analogy with the rest.
- *legacy*: seen only in public clients of 2014. A current tenant may not have it.

Omitted, because their request format is unknown: `POST /api/v3/files/` (the names of half its fields are
lost) and the lists of favourites (only their titles are known). Also omitted are endpoints that only clients
of 2014 used: the navigation tree, templates, and lists per user. `client.request` reaches them if a tenant
has them.

**Tested in** names the module of `tests/contract/` with the contract of the endpoint. It runs
against the sandbox, and with `-m live` against a tenant.

"""

_STORAGE: Final = """
Two further requests go to the storage, to a signed URL from the service. They carry no API key, and the
URL is used byte for byte:

| step | method | URL | success | evidence | source | tested in |
|---|---|---|---|---|---|---|
| second of an upload | PUT | `presignedUrl` of `blobs.reserve` | 201 (any 2xx is accepted) | documented | https://docs.wise.is/cored/files-v2, "Upload file content to storage backend" | `test_content` |
| second of a download | GET | `Location` of `files.download` | 200, or 206 with `Range` | documented; `Range` inferred from `Accept-Ranges: bytes` | https://docs.wise.is/cored/files-v2, "Download File content" | `test_content` |
"""  # noqa: E501 (rows of a table)

_BY_VERB: Final[Mapping[str, str]] = {
    "list": "test_listings",
    "get": "test_details",
    "create": "test_writes",
    "update": "test_writes",
    "delete": "test_writes",
    "reserve": "test_content",
    "download": "test_content",
    "replace": "test_content",
    "me": "test_people",
    "recent_projects": "test_people",
}


def page() -> str:
    """Return the page, in Markdown."""
    head, rule, *rows = table().splitlines()
    tested = [f"{row} `{module_about(each)}` |" for row, each in zip(rows, endpoints(), strict=True)]
    return _INTRODUCTION + "\n".join([f"{head} tested in |", f"{rule}---|", *tested]) + "\n" + _STORAGE


def module_about(endpoint: Endpoint) -> str:
    """Return the module of `tests/contract/` that tests an endpoint."""
    return _BY_VERB.get(endpoint.operation.rpartition(".")[2], "test_inside")
