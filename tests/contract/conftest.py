"""The two targets: a sandbox with some of everything, and with `-m live` the tenant of the environment."""

import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from coredata_async.sandbox import SandboxThread
from tests.contract.target import Target

MANY = 23
"""More objects than a page contains by default."""


@pytest.fixture(scope="package")  # a longer scope would fail tests that look for leftovers
def filled() -> Iterator[SandboxThread]:
    """Yield a sandbox whose clock advances by a second at each reading."""
    seconds = itertools.count(int(time.time()) - 100_000)
    with SandboxThread(clock=lambda: float(next(seconds))) as box:
        yield box


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=50)) as session:
        yield session


@pytest.fixture(params=["sandbox", pytest.param("live", marks=pytest.mark.live)])
async def target(request: pytest.FixtureRequest, session: aiohttp.ClientSession) -> Target:
    """Return the server that must keep the promise; for reading only."""
    if request.param == "live":
        return _tenant(session)
    box = request.getfixturevalue("filled")
    target = Target(box.url, box.api_user, box.api_key, box.api_key_v3, False, box.space, session)
    if not box.state.files:
        await _fill(target)
    return target


@pytest.fixture
async def writable(target: Target) -> Target:
    """Return the same server, if it may be written to."""
    if target.space is None:
        pytest.skip("set COREDATA_LIVE_WRITE=1 and COREDATA_LIVE_SPACE=<id of a space> to let it write")
    return target


@pytest.fixture
async def project(writable: Target) -> AsyncIterator[str]:
    """Yield the id of a new project, which is deleted afterwards with its contents."""
    title = f"coredata-async contract {time.time_ns()}"
    made = await writable.ask("POST", "/api/v2/projects/", json={"space": writable.space, "title": title})
    yield made.id
    await writable.ask("DELETE", f"/api/v2/projects/{made.id}/")


def _tenant(session: aiohttp.ClientSession) -> Target:
    read = os.environ.get
    url, user, key = read("COREDATA_BASE_URL"), read("COREDATA_API_USER"), read("COREDATA_API_KEY")
    if not (url and user and key):
        pytest.skip("set COREDATA_BASE_URL, COREDATA_API_USER and COREDATA_API_KEY to ask a real tenant")
    space = read("COREDATA_LIVE_SPACE") if read("COREDATA_LIVE_WRITE") == "1" else None
    v3 = read("COREDATA_API_KEY_V3") or key
    return Target(url.rstrip("/"), user, key, v3, True, space or None, session)


async def _fill(target: Target) -> None:
    """Create more than a page of each kind of object, and read some of them."""

    async def made(path: str, **fields: object) -> str:
        return (await target.ask("POST", path, json=fields)).id

    contacts = [
        await made("/api/v2/contacts/", title=f"Contact {n}", identifier=f"0{n:09}") for n in range(MANY)
    ]
    projects = [
        await made(
            "/api/v2/projects/",
            space=target.space,
            title=f"Project {n}",
            contacts=contacts[:2],
            responsible_users=["padme"],
            tags=["one", "two words"],
            due_date="2026-02-01",
        )
        for n in range(MANY)
    ]
    for n in range(MANY):
        await made("/api/v2/tasks/", project=projects[n % 2], title=f"Task {n}", contacts=contacts[:2])
        folder = await made("/api/v2/folders/", parent=projects[0], title=f"Folder {n}")
        await made("/api/v2/comments/", doc_id=projects[0], text=f"Comment {n}")
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in {
            "filename": f"skjal {n} þ.txt",
            "title": f"File {n}",
            "parent": folder,
            "dynatype": "Memo",
            "contacts": contacts[0],
            "tags": "one, two words",
        }.items():
            form.add_field(name, value)
        form.add_field("content", f"content {n}".encode(), filename="x")
        assert (await target.ask("POST", "/api/v2/files/", data=form)).status == 201
    for project in projects[:12]:
        await target.ask("GET", f"/api/v2/projects/{project}/")
