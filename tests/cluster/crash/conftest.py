"""A campaign for the tests of a module, with a nats-server of its own."""

import pytest

from tests.cluster.servers import ClusterServer

from .campaign import campaign


@pytest.fixture
async def cases(tmp_path):
    server = ClusterServer(tmp_path / "server")
    server.start()
    try:
        async with campaign(server, tmp_path, width=15) as found:
            yield found
    finally:
        server.kill()
