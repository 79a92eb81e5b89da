"""A POST that was given up while the link was cut never arrives, for any way of giving up.

The two hosts are network namespaces: see `cut_line`. `.ci/run` runs this.
"""

import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from .cut_line.client import SIZES
from .cut_line.hosts import Hosts

pytestmark = [pytest.mark.netns, pytest.mark.timeout(180)]  # some 25 processes
SCHEMES = ("http", "https")
ALIVE = ("timeout", "cancelled", "closed", "dropped")
"""Ways to give up that the process survives."""
DEAD = ("killed", "exited")
WAYS = {"lean": ALIVE, "uvloop": ALIVE, "aiohttp": ALIVE, "session": ALIVE[:2]}
"""By transport. Closing a client leaves its caller's session open."""
UNPROTECTED = [f"post /asyncio-{scheme}" for scheme in SCHEMES]
"""Sent by programs that only close their connections: it shows that the rig can detect them."""


@pytest.fixture(scope="module")
def received(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Return the POSTs that the server received when the link was up again."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Hosts() as hosts:
        server = hosts.start(
            hosts.server, "server", str(log), str(certificate), str(certificate.with_name("key.pem"))
        )
        assert server.stdout.readline() == "ready\n"
        living = [("asyncio", scheme) for scheme in SCHEMES]
        living += [(transport, scheme, *WAYS[transport]) for transport, scheme in product(WAYS, SCHEMES)]
        dying = list(product(WAYS, SCHEMES, DEAD))
        clients = [hosts.start(hosts.client, "client", *way) for way in (*living, *dying)]
        for client in clients:
            assert client.stdout.readline() == "ready\n"
        hosts.cut()
        for client in clients:
            client.stdin.write("go\n")
            client.stdin.flush()
        said = [client.stdout.readline() for client in clients]
        assert said == ["gave up\n"] * len(living) + [""] * len(dying)
        hosts.heal()
        until = time.monotonic() + 15
        while not set(UNPROTECTED) <= set(log.read_text().splitlines()) and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(3)  # TCP resends at the latest after as long again as the link was cut
        yield [line for line in log.read_text().splitlines() if line.startswith("post ")]


@pytest.mark.parametrize("post", UNPROTECTED)
def test_the_kernel_sends_what_was_only_closed(received: list[str], post: str) -> None:
    assert post in received


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("transport", "end"), [(transport, end) for transport in WAYS for end in (*WAYS[transport], *DEAD)]
)
def test_a_request_that_was_given_up_is_never_received(
    received: list[str], transport: str, scheme: str, end: str, size: str
) -> None:
    assert f"post /{transport}-{scheme}-{end}-{size}" not in received
