"""Server for a whole job: three steps, folders, and listings that show what was registered.

python -m benchmarks.processes_far        # prints one JSON line: {"api": "http://…", "storage": "http://…"}
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import Final
from urllib.parse import parse_qs

from benchmarks.far.truth import Answer, Truth
from benchmarks.far.wire import Wire

JSON_TYPE: Final = b"Content-Type: application/json\r\n"
PAGE: Final = 200
_FILE: Final = (
    b'{"aspects":{},"blob_name":"%(blob_name)s","category":"main","created":"2023-10-14T19:20:18",'
    b'"created_by":"Administrator Administrator","description":"","digest":null,"dynatype":{"caption_plural":'
    b'"dynatypes_labels:File_plural:","caption_singular":"dynatypes_labels:File_singular:","id":'
    b'"6d19dacc-71cf-11ee-b1e9-8f8e8372e41a","title":"File"},"filename":"%(filename)s","fileplan":"",'
    b'"fileplan_title":"","folder":"","id":"%(id)s","mime_type":"application/octet-stream","modified":'
    b'"2023-10-14T19:20:18","modified_by":"Administrator Administrator","owner":null,"parent":"%(parent)s",'
    b'"path":"/domain/spaces/Spaces/Space/Folder/%(filename)s","project":{"id":"","title":""},"size":%(size)d,'
    b'"snapshot_id":"%(blob_name)s","space":{"id":"","title":""},"tags":"","title":"%(title)s","userhome":null}'
)


class Far(Truth):
    """`Truth` that remembers Files and folders by their parent."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[bytes, list[bytes]] = {}
        self.shown: dict[bytes, bytes] = {}
        self.folders = 0

    def api(self, method: bytes, target: bytes, body: bytes) -> Answer:
        """Answer registrations and the three steps as before; create folders, and list none."""
        path, _, query = target.partition(b"?")
        if method == b"POST" and path == b"/api/v2/folders/":
            self.folders += 1
            return (
                201,
                b"Location: /api/v2/folders/f%07x-0000-4000-8000-000000000000/\r\n" % self.folders,
                b"",
            )
        if method == b"GET" and path == b"/api/v2/folders/":
            return 200, JSON_TYPE, _page([], 0, PAGE)
        if method == b"GET" and path == b"/api/v2/files/":
            asked = parse_qs(query)
            here = self.held.get(asked[b"parent"][0], [])
            first, most = int(asked.get(b"offset", [b"0"])[0]), int(asked.get(b"limit", [b"200"])[0])
            return 200, JSON_TYPE, _page(here, first, most)
        if method == b"GET" and path.startswith(
            b"/api/v2/files/"
        ):  # a job asks this way for the last one or two
            file = self.shown.get(path.rstrip(b"/").rpartition(b"/")[2])
            return (404, b"", b"") if file is None else (200, JSON_TYPE, file)
        return super().api(method, target, body)

    def record_file(self, number: bytes, found: dict[bytes, bytes]) -> None:
        """Record a File for the listing."""
        file = _FILE % {**found, b"id": number, b"size": self.reserved[found[b"blob_name"]]}
        self.shown[number] = file
        self.held.setdefault(found[b"parent"], []).append(file)


def _page(rows: list[bytes], first: int, most: int) -> bytes:
    meta = {"limit": most, "next": None, "offset": first, "previous": None, "total_count": len(rows)}
    if first + most < len(rows):
        meta["next"] = f"/?offset={first + most}"
    return b'{"meta":%s,"objects":[%s]}' % (json.dumps(meta).encode(), b",".join(rows[first : first + most]))


async def serve() -> None:
    """Serve until standard input ends."""
    truth, loop = Far(), asyncio.get_running_loop()
    wire = partial(Wire, truth, delay=0.0, hashing=False)
    where: dict[str, str] = {}
    for name, storage in (("api", False), ("storage", True)):
        server = await loop.create_server(partial(wire, storage=storage), "127.0.0.1", 0, backlog=512)
        where[name] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    truth.storages = [where["storage"]]
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run
    run(serve())
