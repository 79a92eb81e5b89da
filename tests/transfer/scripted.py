"""A service that redirects to a storage, and a storage whose responses are given byte for byte."""

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from attrs import define, field

from coredata_async import CoreData
from tests.rig import QUICK
from tests.transport.raw import Line, RawServer, Seen

FILE = "3f2504e04f8911d39a0c0305e82c3301"


Response = bytes | Callable[[int], bytes]
"""Bytes, or a function of the first requested byte."""


def first_byte(seen: Seen) -> int:
    return int((seen.header("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])


def response(status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """A response with a Content-Length, which may be wrong: then the connection breaks after the body."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(status: int, body: bytes = b"", *, ends: bool = True, **headers: str) -> bytes:
    """A response of one chunk, with or without the end mark."""
    lines = [f"HTTP/1.1 {status} Scripted", "Transfer-Encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return "\r\n".join([*lines, "", ""]).encode() + chunk + (b"0\r\n\r\n" if ends else b"")


@define
class Scripted:
    """Responses of the two, and the requests they received."""

    client: CoreData
    url: str
    seen: list[Seen]
    storage: deque[Response] = field(factory=deque[Response])
    """In order; the last one is repeated."""
    api: bytes | None = None
    """Instead of a redirect."""
    location: str = "/storage/blob?Signature=s"
    redirect: int = 302
    file: dict[str, object] = field(factory=dict[str, object])

    def say(self, *responses: Response) -> None:
        """Set the responses of the storage."""
        self.storage.extend(responses)

    @property
    def asked(self) -> list[Seen]:
        """Requests received by the storage."""
        return [each for each in self.seen if not each.target.startswith("/api/")]

    @property
    def ranges(self) -> list[str | None]:
        return [each.header("Range") for each in self.asked]

    async def play(self, line: Line) -> None:
        target = (await line.request()).target
        if target.endswith("/content/"):
            await line.say(self.api or response(self.redirect, Location=self.location))
        elif target.startswith("/api/"):
            fields = json.dumps({"id": FILE, "filename": "a.txt", **self.file}).encode()
            await line.say(response(200, fields, Content_Type="application/json"))
        else:
            said = self.storage.popleft() if len(self.storage) > 1 else self.storage[0]
            await line.say(said if isinstance(said, bytes) else said(first_byte(self.seen[-1])))
            line.close()


class _Always:
    """A script that has the same entry for every request."""

    def __init__(self, scripted: Scripted) -> None:
        self._scripted = scripted

    def __bool__(self) -> bool:
        return True

    def popleft(self):
        return self._scripted.play


@asynccontextmanager
async def scripted_client(transport: str) -> AsyncIterator[Scripted]:
    async with (
        RawServer() as server,
        CoreData(server.url, api_user="u", api_key="k", transport=transport, retry=QUICK) as client,
    ):
        scripted = Scripted(client, server.url, server.seen)
        server.script = _Always(scripted)
        yield scripted
