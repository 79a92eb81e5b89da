"""Asynchronous httpx, with its default limits."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where

KEY = {"Authorization": "apikey u:k"}
BINARY = "application/octet-stream"


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Yield an upload function that reads in a thread, hashes and compares, with a semaphore and gather."""

    async def one(client: httpx.AsyncClient, slots: asyncio.Semaphore, path: Path) -> None:
        async with slots:
            data = await asyncio.to_thread(path.read_bytes)
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            query = {"content_length": str(len(data)), "content_type": BINARY}
            reserve = f"{where.api}/api/v3/blob/presigned-upload-url/"
            reply = await client.post(reserve, params=query, headers=KEY)
            reserved = reply.raise_for_status().json()
            reply = await client.put(reserved["presignedUrl"], content=data, headers={"Content-Type": BINARY})
            if reply.raise_for_status().headers["ETag"].strip('"') != digest:
                raise RuntimeError(f"{path} arrived broken")
            fields = {
                "blob_name": reserved["blobName"],
                "filename": path.name,
                "title": path.stem,
                "parent": PARENT,
            }
            form = {name: (None, value) for name, value in fields.items()}
            reply = await client.post(f"{where.api}/api/v2/files/", files=form, headers=KEY)
            reply.raise_for_status()

    async with httpx.AsyncClient(verify=where.trust) as client:

        async def upload(paths: Sequence[Path], width: int) -> None:
            slots = asyncio.Semaphore(width)
            await asyncio.gather(*(one(client, slots, path) for path in paths))

        yield upload
