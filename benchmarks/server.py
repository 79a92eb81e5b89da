"""A service and its storage that are not the bottleneck: asyncio protocols that answer the three steps.

    python -m benchmarks.server        # prints one JSON line: {"api": "http://…", "storage": "http://…"}

It checks what a benchmark might get wrong: the blob that is registered was put, whole, and each only once.
`GET /truth` says how many.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from urllib.parse import parse_qs
from uuid import uuid4

Answer = tuple[int, dict[str, str], bytes]
REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found"}


class Truth:
    """What was reserved, put and registered."""

    def __init__(self) -> None:
        self.reserved: dict[str, int] = {}
        self.put: set[str] = set()
        self.files: dict[str, str] = {}
        self.wrong = 0
        self.storage = ""

    def api(self, method: str, target: str, body: bytes) -> Answer:
        """Reserve, register, or tell the truth."""
        path, _, query = target.partition("?")
        if method == "POST" and path == "/api/v3/blob/presigned-upload-url/":
            return self._reserve(int(parse_qs(query)["content_length"][0]))
        if method == "POST" and path == "/api/v2/files/":
            return self._register(body)
        if path == "/truth":
            found = {"files": len(self.files), "put": len(self.put), "wrong": self.wrong}
            return 200, {}, json.dumps(found).encode()
        return 404, {}, b""

    def bucket(self, method: str, target: str, body: bytes) -> Answer:
        """Take the bytes of a blob."""
        blob = target.partition("?")[0].rpartition("/")[2]
        if self.reserved.get(blob) != len(body):
            self.wrong += 1
            return 400, {}, b""
        self.put.add(blob)
        return 200, {}, b""

    def _reserve(self, length: int) -> Answer:
        blob = uuid4().hex
        self.reserved[blob] = length
        url = f"{self.storage}/laika/{blob}?AWSAccessKeyId=k&Expires=4000000000&Signature=s"
        return 200, {}, json.dumps({"blobName": blob, "presignedUrl": url}).encode()

    def _register(self, body: bytes) -> Answer:
        blob = next(
            (part[-32:].decode() for part in body.split(b"\r\n") if part[-32:].decode() in self.put), ""
        )
        if not blob or blob in self.files or b"filename" not in body:
            self.wrong += 1
            return 400, {}, b""
        self.files[blob] = str(uuid4())
        return 201, {"Location": f"/api/v2/files/{self.files[blob]}/"}, b""


class Wire(asyncio.Protocol):
    """One connection: HTTP/1.1 with Content-Length and keep-alive, which is all that clients here send."""

    def __init__(self, answer: Callable[[str, str, bytes], Answer]) -> None:
        self._answer = answer
        self._held = bytearray()
        self._line: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        if isinstance(transport, asyncio.WriteTransport):
            self._line = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._held[:end]).decode("latin-1")
            length = next(
                (int(line[15:]) for line in head.split("\r\n") if line[:15].lower() == "content-length:"), 0
            )
            if len(self._held) < end + 4 + length:
                if "100-continue" in head and self._line is not None:
                    self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            body = bytes(self._held[end + 4 : end + 4 + length])
            del self._held[: end + 4 + length]
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            self._reply(*self._answer(method, target, body))

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._line is not None:
            self._line.write("\r\n".join([*lines, "", ""]).encode() + body)


async def serve() -> None:
    """Serve until standard input ends."""
    truth = Truth()
    loop = asyncio.get_running_loop()
    api = await loop.create_server(lambda: Wire(truth.api), "127.0.0.1", 0)
    storage = await loop.create_server(lambda: Wire(truth.bucket), "127.0.0.1", 0)
    where = {
        name: f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for name, server in (("api", api), ("storage", storage))
    }
    truth.storage = where["storage"]
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
