"""The client: created anywhere, bound to one loop, shared by copies, closed once."""

import asyncio
import ssl

import aiohttp
import pytest

from coredata_async import (
    ConfigurationError,
    CoreData,
    CoreDataError,
    Limits,
    NotFoundError,
    OutcomeUnknownError,
    Retry,
    ServerError,
    Timeouts,
)
from tests.rig import QUICK

URL = "https://t.coredata.is"
KEYS = {"api_user": "u", "api_key": "s3cr3t"}


def test_it_is_made_without_a_loop_and_opens_nothing():
    client = CoreData(URL, **KEYS)

    assert not client.closed
    assert not client._pool._own


def test_its_repr_shows_no_key():
    assert repr(CoreData(URL, **KEYS)) == "CoreData('https://t.coredata.is', api_user='u')"


async def test_connections_open_when_first_needed(box):
    async with box.client(retry=QUICK) as client:
        assert not client._pool._http11
        await client.spaces.list()
        assert list(client._pool._http11) == ["api"]
        await client.files.upload(b"x", parent=box.project, filename="x")
        assert set(client._pool._http11) == {"api", "storage"}
        assert not client._pool._own


async def test_sessions_open_when_first_needed(box):
    async with box.client(retry=QUICK, transport="aiohttp") as client:
        assert not client._pool._own
        await client.spaces.list()
        assert list(client._pool._own) == ["api"]
        await client.files.upload(b"x", parent=box.project, filename="x")
        assert set(client._pool._own) == {"api", "storage"}


async def test_with_options_shares_the_connections_and_leaves_the_first_alone(client, box):
    events = []
    slow = client.with_options(timeouts=Timeouts(response=300), retry=Retry.none(), hooks=[events.append])

    assert slow._pool is client._pool
    assert slow._shared_limits is client._shared_limits
    assert (slow._send_options.timeouts.response, client._send_options.timeouts.response) == (300, 60)
    await client.spaces.list()
    assert not events
    await slow.spaces.list()
    assert len(events) == 1


async def test_nouns_stay_the_same_and_a_copy_has_its_own(client):
    files = client.files
    other = client.with_options(retry=Retry.none())

    assert client.files is files
    assert other.files is not files
    assert other.spaces is not client.spaces


async def test_with_options_behaves_otherwise(client, box):
    box.faults.status("spaces.list", 500, times=2)

    with pytest.raises(ServerError):
        await client.with_options(retry=Retry.none()).spaces.list()
    await client.spaces.list()

    assert box.state.count("spaces.list") == 3


async def test_with_options_headers_reach_the_service_and_never_the_storage(client, box):
    other = client.with_options(headers={"X-Team": "blue"})

    up = await other.files.upload(b"x", parent=box.project, filename="x")
    async with other.files.download(up.file_id) as body:
        await body.read()

    for seen in box.state.requests:
        assert ("x-team" in seen.headers) == ("/laika/" not in seen.target)
    assert client._send_options.headers == {}


async def test_closing_either_closes_both(client):
    other = client.with_options()
    await other.aclose()

    assert client.closed


async def test_it_can_be_closed_twice(client):
    await client.spaces.list()
    await client.aclose()
    await client.aclose()

    assert client.closed


async def test_after_closing_it_says_so(client, box):
    await client.aclose()

    with pytest.raises(CoreDataError, match="closed; make a new one"):
        await client.spaces.list()
    with pytest.raises(CoreDataError, match="closed"):
        await client.files.upload(b"x", parent=box.project, filename="x")


def test_a_second_loop_is_rejected(far):
    client = far.client(retry=QUICK)

    async def use():
        return (await client.spaces.list()).total

    assert asyncio.run(use()) == 1
    with pytest.raises(CoreDataError, match="another event loop"):
        asyncio.run(use())
    client.close_now()


def test_after_closing_in_its_loop_nothing_is_left(far):
    async def use():
        async with far.client(retry=QUICK) as client:
            return (await client.spaces.list()).total

    assert [asyncio.run(use()) for _ in range(2)] == [1, 1]


def test_close_now_needs_no_loop(far):
    client = far.client()

    async def use():
        await client.spaces.list()

    asyncio.run(use())
    client.close_now()

    assert client.closed


async def test_request_reaches_any_path(client, box):
    reply = await client.request("GET", "/api/v2/spaces/", query={"limit": "1"})

    assert reply.json()["meta"]["limit"] == 1
    assert box.state.requests[-1].target == "/api/v2/spaces/?limit=1"


async def test_request_sends_json_and_expects_the_exact_status(client, box):
    body = {"space": box.space, "title": "x"}

    reply = await client.request("post", "/api/v2/projects/", json=body, expect=201)
    assert reply.headers["Location"].startswith("/api/v2/projects/")
    with pytest.raises(OutcomeUnknownError, match="200 was expected"):
        await client.request("POST", "/api/v2/projects/", json=body)


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
async def test_a_post_is_not_repeated(client, box, fault):
    getattr(box.faults, fault)("projects.create")

    with pytest.raises(OutcomeUnknownError):
        await client.request("POST", "/api/v2/projects/", json={"space": box.space, "title": "x"}, expect=201)

    assert box.state.count("projects.create") == 1


async def test_a_post_that_is_harmless_is_repeated(client, box):
    box.faults.reset_after("blobs.reserve")

    await client.request("POST", "/api/v3/blob/presigned-upload-url/?content_length=1", repeatable=True)

    assert box.state.count("blobs.reserve") == 2


async def test_a_get_is_repeated(client, box):
    box.faults.status("spaces.list", 503)

    await client.request("GET", "/api/v2/spaces/")

    assert box.state.count("spaces.list") == 2


@pytest.mark.parametrize(
    "path", ["api/v2/spaces/", "/api/v2/spaces", "https://evil.example/api/", "", "/x?y=/"]
)
async def test_an_invalid_path_is_never_sent(client, box, path):
    with pytest.raises(ConfigurationError, match="slash"):
        await client.request("GET", path)

    assert not box.state.requests


async def test_a_path_cannot_lead_the_key_to_another_host(client):
    with pytest.raises(ConfigurationError):
        await client.request("GET", "//evil.example/")


async def test_unknown_paths_are_not_found(client):
    with pytest.raises(NotFoundError):
        await client.request("GET", "/api/v2/nothing/")


@pytest.fixture
def environ(monkeypatch):
    def put(**variables):
        for name in (
            "BASE_URL",
            "API_USER",
            "API_KEY",
            "API_KEY_V3",
            "TIMEOUT",
            "MAX_RETRIES",
            "CA_BUNDLE",
            "LOG",
        ):
            monkeypatch.delenv(f"COREDATA_{name}", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(f"COREDATA_{name}", value)

    return put


async def test_from_env(box, environ):
    environ(BASE_URL=box.url, API_USER=box.api_user, API_KEY=box.api_key, TIMEOUT="7", MAX_RETRIES="2")

    async with CoreData.from_env() as client:
        assert (await client.spaces.list()).total == 1
        assert client._send_options.timeouts.response == 7
        assert client._send_options.retry.attempts == 3


def test_an_argument_takes_precedence_over_the_environment_unless_it_is_none(environ):
    environ(BASE_URL=URL, API_USER="u", API_KEY="k", TIMEOUT="7")

    client = CoreData.from_env("https://other.coredata.is", api_user="v", timeouts=None)

    assert repr(client) == "CoreData('https://other.coredata.is', api_user='v')"
    assert client._send_options.timeouts.response == 7


@pytest.mark.parametrize("missing", ["BASE_URL", "API_USER", "API_KEY"])
def test_an_empty_variable_counts_as_unset(environ, missing):
    environ(**{"BASE_URL": URL, "API_USER": "u", "API_KEY": "k", missing: " "})

    with pytest.raises(ConfigurationError, match=f"COREDATA_{missing}"):
        CoreData.from_env()


@pytest.mark.parametrize(
    ("name", "value"),
    [("TIMEOUT", "soon"), ("MAX_RETRIES", "-1"), ("LOG", "loud"), ("CA_BUNDLE", "/no/such")],
)
def test_an_invalid_variable_is_named(environ, name, value):
    environ(**{"BASE_URL": URL, "API_USER": "u", "API_KEY": "k", name: value})

    with pytest.raises(ConfigurationError, match=f"COREDATA_{name}"):
        CoreData.from_env()


async def test_borrowed_sessions_are_used_and_not_closed(box):
    async with aiohttp.ClientSession() as api, aiohttp.ClientSession() as storage:
        async with box.client(session=api, storage_session=storage) as client:
            up = await client.files.upload(b"x", parent=box.project, filename="x")
            async with client.files.download(up.file_id) as body:
                assert await body.read() == b"x"

        assert not api.closed
        assert not storage.closed
        assert not client._pool._own


async def test_a_storage_session_with_credentials_is_refused(box):
    async with aiohttp.ClientSession(headers={"Authorization": "apikey u:s3cr3t"}) as storage:
        with pytest.raises(ConfigurationError, match="Authorization") as caught:
            box.client(storage_session=storage)

    assert "s3cr3t" not in str(caught.value)


async def test_one_client_serves_many_tasks(box):
    async with box.client(retry=QUICK, limits=Limits(concurrency=4)) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.projects.get(box.project)) for _ in range(100)]

    assert {task.result().id for task in tasks} == {box.project}


async def test_the_service_knows_who_asks_in_both_forms(box):
    box.api_key_v3 = "another"

    async with box.client(retry=QUICK, app_info="audit/1.0") as client:
        await client.files.upload(b"x", parent=box.project, filename="x")

    assert "audit/1.0" in box.state.requests[0].headers["user-agent"]
    assert len(box.state.files) == 1


def test_a_context_of_ones_own_is_taken():
    context = ssl.create_default_context()

    assert CoreData(URL, **KEYS, ssl=context)._pool.ssl is context
