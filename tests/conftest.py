"""A fresh sandbox for every test, and a client for it that never waits."""

import tempfile

import pytest

from coredata_async.sandbox import Sandbox, SandboxThread
from tests.rig import QUICK, Leftovers


@pytest.fixture
async def box():
    async with Sandbox() as box:
        yield box


@pytest.fixture
async def client(box):
    async with box.client(retry=QUICK) as client:
        yield client


@pytest.fixture
def far():
    """A sandbox in a thread and a loop of its own: every task in a test's loop is the client's."""
    with SandboxThread() as far:
        yield far


@pytest.fixture
async def far_client(far):
    async with far.client(retry=QUICK) as client:
        yield client


@pytest.fixture
async def left_over(far_client, tmp_path_factory, monkeypatch):
    """What of the client is still there: tasks, open files, spools, threads that read."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("spool")))  # nobody else's spools
    return Leftovers().found
