"""Fixtures of record stores on real servers; `.ci/run` runs those that need one (marker `servers`)."""

import pytest

from .servers import nats_cluster, nats_server, postgres_server
from .stores import open_records

STORES = (
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.servers),
    pytest.param("kv", marks=pytest.mark.servers),
)


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def nats(tmp_path_factory):
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def cluster(tmp_path):
    """Return three nats-servers that keep replicas, without syncing every write."""
    with nats_cluster(tmp_path) as servers:
        yield servers


@pytest.fixture(params=STORES)
def address(request, tmp_path):
    """Yield the address of a record store; see `stores.open_records`."""
    match request.param:
        case "sqlite":
            return f"sqlite:{tmp_path / 'records.db'}"
        case "postgres":
            return request.getfixturevalue("postgres")
        case _:
            server = request.getfixturevalue("nats")
            return f"{server.url} {server.monitor}"


@pytest.fixture
async def records(address):
    async with open_records(address) as records:
        yield records
