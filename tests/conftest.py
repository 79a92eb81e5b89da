"""Fixtures of all tests (a sandbox for each, and a client that never waits) and the fast selection."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from coredata_async.sandbox import Sandbox, SandboxThread
from tests.rig import QUICK, Leftovers

TESTS = Path(__file__).parent
SLOW = frozenset(
    {"archive", "bulk", "cli", "cluster", "contract", "doctor", "events", "fivepm", "fuzz"}
    | {"records", "sandbox", "web"}
)
"""Directories of tests that run whole programs. Elsewhere a slow test has `pytest.mark.slow`."""
NOT_FAST = frozenset({"slow", "contract", "live", "netns", "s3", "servers"})

settings.register_profile("untimed", deadline=None)  # a shared machine may stop for longer than any deadline
settings.load_profile("untimed")


def pytest_ignore_collect(collection_path, config):
    """Leave out slow directories before they are imported, because importing them takes seconds."""
    return True if config.option.markexpr == "fast" and in_slow_directory(collection_path) else None


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items):
    """Mark tests of slow directories `slow`, and tests that are not slow and need no server `fast`."""
    for item in items:
        if in_slow_directory(item.path):
            item.add_marker("slow")
        if NOT_FAST.isdisjoint(mark.name for mark in item.iter_markers()):
            item.add_marker("fast")


def in_slow_directory(path):
    """Return whether a path is in a directory of `SLOW`."""
    return path.is_relative_to(TESTS) and not SLOW.isdisjoint(path.relative_to(TESTS).parts[:1])


@pytest.fixture
async def box():
    """Return a sandbox in the event loop of the test."""
    async with Sandbox() as box:
        yield box


@pytest.fixture
async def client(box):
    """Return a client for the sandbox."""
    async with box.client(retry=QUICK) as client:
        yield client


@pytest.fixture
def far():
    """Return a sandbox in a separate thread: all tasks in the event loop of the test are the client's."""
    with SandboxThread() as far:
        yield far


@pytest.fixture
async def far_client(far):
    """Return a client for that sandbox."""
    async with far.client(retry=QUICK) as client:
        yield client


@pytest.fixture
async def left_over(far_client, tmp_path_factory, monkeypatch):
    """Return a function that lists the client's leftovers: tasks, open files, spools, threads that read."""
    monkeypatch.setattr(
        tempfile, "tempdir", str(tmp_path_factory.mktemp("spool"))
    )  # without spools of other tests
    return Leftovers().found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """Return the certificate of a self-signed server; the key is beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", path.with_name("key.pem"), "-out", path]
    subprocess.run(["openssl", *make.split(), *name, *files], check=True, capture_output=True)
    return path


@pytest.fixture
def interruptible():
    """Let programs receive SIGINT: background jobs of a shell ignore it, and so do all their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
