"""A nats-server that syncs every write, and a service, for the tests of this folder."""

import pytest

from tests.records.conftest import cluster, postgres  # noqa: F401  # fixtures
from tests.records.servers import nats_server


@pytest.fixture
def nats(tmp_path):
    with nats_server(tmp_path) as server:
        yield server


@pytest.fixture
def service(far):
    return far


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.txt").write_text("content")
    return tmp_path / "root"
