"""Bare HTTP client for the sandbox's tests: sends exactly the given request, follows no redirect."""

import asyncio
import io
import json
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp
from attrs import define, frozen
from yarl import URL

from coredata_async.sandbox.server import SandboxServer


@frozen
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["Location"].rstrip("/").rpartition("/")[2]


@define
class Api:
    box: SandboxServer
    session: aiohttp.ClientSession

    async def send(self, method, url, *, key="v2", headers=None, patience=5.0, **body) -> Got:
        """Send one request; `url` is sent byte for byte, `key` selects its credentials."""
        known = {
            "v2": {"Authorization": f"apikey {self.box.api_user}:{self.box.api_key}"},
            "v3": {"Authorization": f"apikey {self.box.api_key_v3}"},
            "none": {},
        }[key]
        target = URL(url if url.startswith("http") else self.box.url + url, encoded=True)
        limit = aiohttp.ClientTimeout(total=patience)
        async with self.session.request(
            method, target, headers={**known, **(headers or {})}, allow_redirects=False, timeout=limit, **body
        ) as got:
            return Got(got.status, got.headers.copy(), await got.read())

    async def get(self, path, **options) -> Got:
        return await self.send("GET", path, **options)

    async def form(self, **fields) -> Got:
        """Create a File by a multipart form, with the fields in the given order."""
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in fields.items():
            if isinstance(value, bytes):
                form.add_field(name, io.BytesIO(value), filename="x")
            else:
                form.add_field(name, value)
        return await self.send("POST", "/api/v2/files/", data=form)

    async def reserve(self, length: int, content_type: str | None = "text/plain") -> tuple[str, str]:
        query = f"content_length={length}"
        if content_type is not None:
            query += f"&content_type={quote(content_type, safe='')}"
        got = await self.send("POST", f"/api/v3/blob/presigned-upload-url/?{query}", key="v3")
        assert got.status == 200, got
        return got.json["blobName"], got.json["presignedUrl"]

    async def put(self, url, data=b"hello", content_type="text/plain", **options) -> Got:
        headers = {"Content-Type": content_type} if content_type else {}
        headers |= options.pop("headers", {})
        skip = () if content_type else ("Content-Type",)
        return await self.send(
            "PUT",
            url,
            key="none",
            data=io.BytesIO(data) if isinstance(data, bytes) else data,
            headers=headers,
            skip_auto_headers=skip,
            **options,
        )

    async def stored(self, data=b"hello", content_type="text/plain") -> str:
        """Store a blob and return its name."""
        blob, url = await self.reserve(len(data), content_type)
        got = await self.put(url, data, content_type)
        assert got.status == 201, got
        return blob

    async def register(self, blob, **fields) -> Got:
        return await self.form(
            **{"filename": "a.txt", "title": "a", "parent": self.box.project, "blob_name": blob, **fields}
        )

    async def file(self, data=b"hello", **fields) -> str:
        """Create a File in one request and return its id."""
        sent = {"filename": "a.txt", "title": "a", "parent": self.box.project, **fields}
        got = await self.form(**sent, content=data)
        assert got.status == 201, got
        return got.id

    async def details(self, file_id):
        return (await self.get(f"/api/v2/files/{file_id}/")).json

    async def titles(self, path):
        return [one["title"] for one in (await self.get(path)).json["objects"]]


LOGO = bytes(range(256)) * 8
"""Two kilobytes that are not text."""


async def until(true, patience=5.0) -> None:
    """Wait for a condition that the server meets at its own time."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 (nothing to wait on but the state)
            await asyncio.sleep(0.005)
