"""Raw HTTP server that records calls and answers with one JSON value; it shares no name with the client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from attrs import define, field

from coredata_async import Retry
from coredata_async.fivepm import FivePM

Call = tuple[str, str, dict[str, str]]
"""HTTP method, path, and all parameters of query and form."""

SESSION = {"sessionId": "s1"}


@define
class Recorder:
    """Received calls, without the parameters that every call has, and the next response."""

    answer: object = None
    calls: list[Call] = field(factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head[:-4].split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }
                form = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                path, _, query = target.partition("?")
                params = dict(
                    parse_qsl(query, keep_blank_values=True)
                    + parse_qsl(form.decode(), keep_blank_values=True)
                )
                signing_in = path.endswith("/authentication/signIn")
                self.calls.append((method, path, params))
                body = json.dumps(SESSION if signing_in else self.answer).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def last(self) -> Call:
        """Return the last call."""
        return self.calls[-1]


@asynccontextmanager
async def recorded() -> AsyncIterator[tuple[FivePM, Recorder]]:
    """Start a recorder, and a client that talks to it in JSON."""
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with FivePM(url, login="a@b.is", password="hush", format="json", retry=Retry.none()) as pm:
            yield pm, recorder
