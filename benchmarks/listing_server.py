"""Service that only lists files: every page is built beforehand and sent after a delay.

python -m benchmarks.listing_server --pages 48 --size 100 --delay 0.02    # prints its URL
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from urllib.parse import parse_qs

from benchmarks.listing_objects import page


async def serve(pages: int, size: int, delay: float) -> None:
    """Serve until standard input ends."""
    made = {at: page(size, offset=at, total=pages * size) for at in range(0, pages * size, size)}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
                query = parse_qs(head[1].decode().partition("?")[2])
                body = made[int(query["offset"][0])]
                await asyncio.sleep(delay)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=48)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.02)
    wanted = parser.parse_args()
    asyncio.run(serve(wanted.pages, wanted.size, wanted.delay))


if __name__ == "__main__":
    main()
