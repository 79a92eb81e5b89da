"""`python -m coredata_async.sandbox`: a CoreData for other processes, until a signal or the end of stdin."""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from coredata_async.sandbox.server import SandboxServer
from coredata_async.sandbox.signals import poll_signals

_STDIN = 0


def main() -> None:
    """Serve until SIGINT or SIGTERM; the first line on stdout contains the address and the keys as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m coredata_async.sandbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--data", type=Path, help="directory for the bytes (default: a temporary one)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin is closed")
    parser.add_argument("--space", action="append", help="title of a Space (default: Sandbox); repeatable")
    parser.add_argument(
        "--range-includes-ends", action="store_true", help="include both ends in the filters of a range"
    )
    options = parser.parse_args()
    box = SandboxServer(
        port=options.port,
        data=options.data,
        spaces=options.space or ("Sandbox",),
        range_includes_ends=options.range_includes_ends,
    )
    try:
        asyncio.run(_serve(box, exit_with_stdin=options.exit_with_stdin))
    except OSError as exc:
        sys.exit(f"cannot serve: {exc}")


async def _serve(server: SandboxServer, *, exit_with_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopped.set)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    async with server as box:
        print(json.dumps(_introduce(box)), flush=True)
        if exit_with_stdin:
            # In a thread, because asyncio cannot watch every kind of stdin (a file, a Windows console).
            threading.Thread(target=_drain, args=(loop, stopped), daemon=True).start()
        async with poll_signals():
            await stopped.wait()


def _introduce(box: SandboxServer) -> dict[str, object]:
    return {
        "url": box.url,
        "api_user": box.api_user,
        "api_key": box.api_key,
        "api_key_v3": box.api_key_v3,
        "space": box.space,
        "project": box.project,
        "fivepm_url": box.fivepm.url,
        "fivepm_login": box.fivepm.login,
        "fivepm_password": box.fivepm.password,
        "pid": os.getpid(),
    }


def _drain(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    while os.read(_STDIN, 4096):
        pass
    loop.call_soon_threadsafe(stopped.set)


if __name__ == "__main__":
    main()
