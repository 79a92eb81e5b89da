"""Fixtures: a scene for every test, and one process from which all victims are forked."""

import pytest

from coredata_async.sandbox import SandboxThread

from .scene import Scene, Victims
from .trees import plant


@pytest.fixture(scope="session")
def victims():
    with Victims() as victims:
        yield victims


@pytest.fixture
def scene(victims, tmp_path):
    plant(tmp_path / "tree")
    with SandboxThread() as box:
        yield Scene(victims, box, tmp_path, box.project)
