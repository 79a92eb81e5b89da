"""pycurl's multi interface: libcurl in one thread, faster than any client in Python."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pycurl  # type: ignore[import-untyped, unused-ignore]

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where

KEY = "Authorization: apikey u:k"
BINARY = "Content-Type: application/octet-stream"


class Worker:
    """Handle that sends one file after the other through the three steps."""

    def __init__(self, where: Where, paths: Iterator[Path]) -> None:
        self._api, self._paths = where.api, paths
        self.handle = pycurl.Curl()
        self.handle.worker = self
        self.next: Callable[[], bool] = self._reserve

    def _begin(self, url: str, headers: list[str]) -> None:
        handle = self.handle
        handle.reset()
        self._reply, self._headers = BytesIO(), BytesIO()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.HTTPHEADER, [*headers, "Expect:"])
        handle.setopt(pycurl.WRITEDATA, self._reply)
        handle.setopt(pycurl.HEADERFUNCTION, self._headers.write)

    def _expect(self, status: int) -> None:
        if (found := self.handle.getinfo(pycurl.RESPONSE_CODE)) != status:
            raise RuntimeError(f"{self._path}: {found}")

    def _reserve(self) -> bool:
        path = next(self._paths, None)
        if path is None:
            return False
        self._path, self._data = path, path.read_bytes()
        self._digest = hashlib.md5(self._data, usedforsecurity=False).hexdigest().encode()
        query = f"content_length={len(self._data)}&content_type=application%2Foctet-stream"
        self._begin(f"{self._api}/api/v3/blob/presigned-upload-url/?{query}", [KEY])
        self.handle.setopt(pycurl.POSTFIELDS, "")
        self.next = self._put
        return True

    def _put(self) -> bool:
        self._expect(200)
        reserved = json.loads(self._reply.getvalue())
        self._blob = reserved["blobName"]
        self._begin(reserved["presignedUrl"], [BINARY])
        self.handle.setopt(pycurl.UPLOAD, 1)
        self.handle.setopt(pycurl.READDATA, BytesIO(self._data))
        self.handle.setopt(pycurl.INFILESIZE, len(self._data))
        self.next = self._register
        return True

    def _register(self) -> bool:
        self._expect(200)
        if self._digest not in self._headers.getvalue():
            raise RuntimeError(f"{self._path} arrived broken")
        self._begin(f"{self._api}/api/v2/files/", [KEY])
        fields = {
            "blob_name": self._blob,
            "filename": self._path.name,
            "title": self._path.stem,
            "parent": PARENT,
        }
        self.handle.setopt(pycurl.HTTPPOST, list(fields.items()))
        self.next = self._finish
        return True

    def _finish(self) -> bool:
        self._expect(201)
        return self._reserve()


def run(multi: pycurl.CurlMulti, workers: list[Worker]) -> None:
    """Run all handles until every file is sent."""
    busy = 0
    for worker in workers:
        if worker.next():
            multi.add_handle(worker.handle)
            busy += 1
    while busy:
        multi.perform()
        _, done, failed = multi.info_read()
        if failed:
            raise RuntimeError(str(failed[0][2]))
        for handle in done:
            multi.remove_handle(handle)
            if handle.worker.next():
                multi.add_handle(handle)
            else:
                busy -= 1
        if busy and not done:
            multi.select(1.0)


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Yield an upload function that hashes and compares, like this library, and keeps connections."""
    multi = pycurl.CurlMulti()

    async def upload(paths: Sequence[Path], width: int) -> None:
        shared = iter(paths)
        await asyncio.to_thread(run, multi, [Worker(where, shared) for _ in range(width)])

    try:
        yield upload
    finally:
        multi.close()
