"""Pytest plugin: `coredata_sandbox` and `coredata_client`, with or without an async plugin.

Both fixtures are synchronous and the server has a thread and a loop of its own, so they work under
pytest-asyncio (auto and strict), under anyio, and in a plain test that calls `asyncio.run`.
Everything is imported inside the fixtures: pytest loads this file in every run of every user who has
the package installed, before coverage measurement has started.
"""

from collections.abc import Iterator

import pytest


@pytest.fixture
def coredata_sandbox() -> Iterator[object]:
    """Yield a fresh CoreData on 127.0.0.1: a `SandboxThread`, stopped when the test ends."""
    from coredata_async.sandbox.embedded import SandboxThread  # noqa: PLC0415 (see the module's docstring)

    with SandboxThread() as box:
        yield box


@pytest.fixture
def coredata_client(coredata_sandbox: object) -> Iterator[object]:
    """Yield a `CoreData` signed in to `coredata_sandbox`; it is closed without its event loop."""
    from coredata_async.sandbox.embedded import SandboxThread  # noqa: PLC0415 (see the module's docstring)

    if not isinstance(coredata_sandbox, SandboxThread):
        raise TypeError(f"coredata_sandbox was overridden by {type(coredata_sandbox).__name__}")
    client = coredata_sandbox.client()
    yield client
    # The test's loop may be closed by now, or belong to another library: nothing here can be awaited.
    client.close_now()
