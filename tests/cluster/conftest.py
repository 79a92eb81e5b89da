"""A nats-server of the package itself, and connections to it."""

import pytest

from coredata_async.cluster.connection import Cluster
from tests.cluster.servers import ClusterServer

LEASE = 4.0


@pytest.fixture
def server(tmp_path):
    server = ClusterServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def cluster(server):
    async with await Cluster.open(server.address, lease=LEASE) as cluster:
        yield cluster
