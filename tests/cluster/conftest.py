"""A nats-server of the package itself, connections to it, and a sandbox that other processes use."""

import pytest

from coredata_async.cluster.connection import Cluster
from tests.cluster.fleet import LEASE
from tests.cluster.servers import ClusterServer


@pytest.fixture
def box(far):
    return far


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
