"""Service and storage that are not the bottleneck, in a process of their own.

    python -m benchmarks.server        # prints one JSON line: {"api": "http://…", "storage": "http://…"}

It checks possible errors of a benchmark: that each registered blob was stored, completely, and only once.
`GET /truth` returns their number, `GET /counts` the number of connections, and the received digests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from functools import partial

from benchmarks.far.sink import Sink
from benchmarks.far.truth import Truth
from benchmarks.far.wire import Wire


async def serve(wanted: argparse.Namespace) -> None:
    """Serve until standard input ends."""
    truth = Truth()
    loop = asyncio.get_running_loop()
    tls = None
    if wanted.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(wanted.tls)
    scheme = "https" if tls else "http"
    wire = partial(Wire, truth, delay=wanted.delay, hashing=not wanted.large, pause=wanted.pause)
    api = await loop.create_server(partial(wire, storage=False), "127.0.0.1", 0, ssl=tls, backlog=512)
    where = {"api": f"{scheme}://127.0.0.1:{api.sockets[0].getsockname()[1]}"}
    if wanted.large:
        where["storage"] = f"{scheme}://127.0.0.1:{Sink(truth, tls).port}"
    else:
        storage = await loop.create_server(partial(wire, storage=True), "127.0.0.1", 0, ssl=tls, backlog=512)
        where["storage"] = f"{scheme}://127.0.0.1:{storage.sockets[0].getsockname()[1]}"
    truth.storages = [where["storage"]]
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--delay", type=float, default=0.0, help="seconds to hold each answer")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of rest after each receive")
    parser.add_argument("--tls", help="a file with a certificate and its key")
    parser.add_argument("--large", action="store_true", help="a storage that drops large bodies, unhashed")
    try:
        import uvloop  # noqa: PLC0415  # about 1.3 times as many files per second
    except ImportError:
        asyncio.run(serve(parser.parse_args()))
    else:
        uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
