"""Fixtures for the command: a shell that is signed in to a sandbox of its own."""

import asyncio
import os

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Return a shell without any settings, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("COREDATA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Shell()


@pytest.fixture
def shell(far, bare, monkeypatch):
    """Return a shell whose environment directs it to the sandbox."""
    monkeypatch.setenv("COREDATA_BASE_URL", far.url)
    monkeypatch.setenv("COREDATA_API_USER", far.api_user)
    monkeypatch.setenv("COREDATA_API_KEY", far.api_key)
    monkeypatch.setenv("COREDATA_MAX_RETRIES", "0")
    bare.secrets = (far.api_key,)
    return bare


@pytest.fixture
def put(far):
    """Return a function that stores a file in the sandbox's project and returns its id."""

    def put(data: bytes = b"hello", filename: str = "hello.txt") -> str:
        async def upload() -> str:
            async with far.client() as client:
                return (await client.files.upload(data, parent=far.project, filename=filename)).file_id

        return asyncio.run(upload())

    return put
