"""A server that answers every request, and logs the ones it received completely.

python -m tests.transport.cut_line.server LOG CERTIFICATE KEY
"""

import asyncio
import ssl
import sys
from pathlib import Path

from .hosts import SERVER

PLAIN, TLS = 8080, 8443
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def answer(log: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
            with log.open("a") as file:
                file.write(" ".join(head.split(" ")[:2]) + "\n")
            writer.write(ANSWER)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def serve(log: str, certificate: str, key: str) -> None:
    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(Path(log), reader, writer)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with (
        await asyncio.start_server(answered, SERVER, PLAIN),
        await asyncio.start_server(answered, SERVER, TLS, ssl=context),
    ):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
