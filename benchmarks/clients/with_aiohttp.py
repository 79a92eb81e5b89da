"""Plain aiohttp, twice: as it is usually written, and as fast as possible."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiofiles
import aiohttp
import yarl

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where

KEY = {"Authorization": "apikey u:k"}
BINARY = "application/octet-stream"
BOUNDARY = "d74496d66958873e"


@asynccontextmanager
async def connect_naive(where: Where) -> AsyncGenerator[Upload, None]:
    """Open `naive+md5`: aiofiles, `params=`, `json()`, FormData, a semaphore and gather, with digests."""

    async def one(session: aiohttp.ClientSession, slots: asyncio.Semaphore, path: Path) -> None:
        async with slots:
            async with aiofiles.open(path, "rb") as file:
                data = await file.read()
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            reserve = f"{where.api}/api/v3/blob/presigned-upload-url/"
            query = {"content_length": str(len(data)), "content_type": BINARY}
            async with session.post(reserve, params=query, headers=KEY) as reply:
                reply.raise_for_status()
                reserved = await reply.json()
            url = yarl.URL(reserved["presignedUrl"], encoded=True)
            async with session.put(url, data=data, headers={"Content-Type": BINARY}) as reply:
                reply.raise_for_status()
                if reply.headers["ETag"].strip('"') != digest:
                    raise RuntimeError(f"{path} arrived broken")
            form = aiohttp.FormData(default_to_multipart=True)
            form.add_field("blob_name", reserved["blobName"])
            form.add_field("filename", path.name)
            form.add_field("title", path.stem)
            form.add_field("parent", PARENT)
            async with session.post(f"{where.api}/api/v2/files/", data=form, headers=KEY) as reply:
                reply.raise_for_status()

    connector = aiohttp.TCPConnector(ssl=where.trust)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def upload(paths: Sequence[Path], width: int) -> None:
            slots = asyncio.Semaphore(width)
            await asyncio.gather(*(one(session, slots, path) for path in paths))

        yield upload


@asynccontextmanager
async def connect_tuned(where: Where) -> AsyncGenerator[Upload, None]:
    """Open `tuned_sync`, aiohttp's limit: no digest, no timeouts, no cookies, no automatic headers.

    Worker tasks, files read in the loop, forms as one bytes object, URLs encoded beforehand.
    """
    register = yarl.URL(f"{where.api}/api/v2/files/", encoded=True)
    multipart = {**KEY, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    async def worker(session: aiohttp.ClientSession, paths: Iterator[Path]) -> None:
        for path in paths:
            data = path.read_bytes()
            query = f"content_length={len(data)}&content_type=application%2Foctet-stream"
            url = yarl.URL(f"{where.api}/api/v3/blob/presigned-upload-url/?{query}", encoded=True)
            async with session.post(url, headers=KEY) as reply:
                reserved = json.loads(await reply.read())
            url = yarl.URL(reserved["presignedUrl"], encoded=True)
            async with session.put(url, data=data, headers={"Content-Type": BINARY}) as reply:
                await reply.read()
            form = form_of(reserved["blobName"], path)
            async with session.post(register, data=form, headers=multipart) as reply:
                if reply.status != 201:  # noqa: PLR2004
                    raise RuntimeError(f"{path}: {reply.status}")

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=where.trust, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    ) as session:

        async def upload(paths: Sequence[Path], width: int) -> None:
            shared = iter(paths)
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(worker(session, shared))

        yield upload


def form_of(blob: str, path: Path) -> bytes:
    """Return the four fields as one bytes object, because `FormData` sends them as 17 segments."""
    fields = {"blob_name": blob, "filename": path.name, "title": path.stem, "parent": PARENT}
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return f"{''.join(parts)}--{BOUNDARY}--\r\n".encode()
