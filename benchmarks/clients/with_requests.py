"""requests, in the given number of threads, each with a session of its own."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import requests

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where

KEY = {"Authorization": "apikey u:k"}
BINARY = "application/octet-stream"
LIMIT = (10, 60)


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Yield an upload function that hashes and compares, like this library."""
    own = threading.local()

    def one(path: Path) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        session: requests.Session = own.session
        data = path.read_bytes()
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        query = {"content_length": str(len(data)), "content_type": BINARY}
        reserve = f"{where.api}/api/v3/blob/presigned-upload-url/"
        reply = session.post(reserve, params=query, headers=KEY, timeout=LIMIT)
        reply.raise_for_status()
        reserved = reply.json()
        sent = {"Content-Type": BINARY}
        reply = session.put(reserved["presignedUrl"], data=data, headers=sent, timeout=LIMIT)
        reply.raise_for_status()
        if reply.headers["ETag"].strip('"') != digest:
            raise RuntimeError(f"{path} arrived broken")
        fields = {
            "blob_name": reserved["blobName"],
            "filename": path.name,
            "title": path.stem,
            "parent": PARENT,
        }
        form = {name: (None, value) for name, value in fields.items()}
        reply = session.post(f"{where.api}/api/v2/files/", files=form, headers=KEY, timeout=LIMIT)
        reply.raise_for_status()

    pools: dict[int, ThreadPoolExecutor] = {}

    async def upload(paths: Sequence[Path], width: int) -> None:
        pool = pools.setdefault(width, ThreadPoolExecutor(width))
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, one, path) for path in paths))

    try:
        yield upload
    finally:
        for pool in pools.values():
            pool.shutdown()
