"""Ports of loopback for servers that tests start as processes of their own."""

import socket
import sys

_reserved: list[socket.socket] = []


def reserve_port() -> int:
    """Return a free port of loopback; on Linux, nothing else gets it while this process lives.

    A port that was only looked up was given to another connection before the server had started. This one
    stays bound by a socket that does not listen: on Linux, a server that sets `SO_REUSEADDR` can listen there
    nevertheless, even again after it was killed.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    port = int(reserved.getsockname()[1])
    if sys.platform == "linux":
        _reserved.append(reserved)
    else:
        reserved.close()
    return port
