"""The examples for web frameworks, each with its real server and a streaming client, before a sandbox."""

import asyncio
import importlib.util
import io
import json
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from coredata_async import Limits
from tests.rig import md5, some_bytes

pytestmark = pytest.mark.web

EXAMPLES = Path(__file__).parent.parent.parent / ".docs" / "examples"
DATA = some_bytes(3_000_000)
ETAG = f'"{md5(DATA)}"'
FRAMEWORKS = ["fastapi", "aiohttp", "litestar"]
MISSING = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"


def load(name):
    spec = importlib.util.spec_from_file_location(f"web_{name}", EXAMPLES / f"web_{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def serve_asgi(app):
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listening]))
            while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True


@asynccontextmanager
async def serve_aiohttp(app):
    runner = aiohttp.web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Service:
    """A web service and a client of it."""

    def __init__(self, box, module, url, session):
        self.box, self.module, self.url, self.session = box, module, url, session

    def request(self, method, path, **options):
        return self.session.request(method, self.url + path, **options)

    async def get(self, path, method="GET", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.request(method, path, headers=named) as response:
            return response.status, response.headers, await response.read()


@pytest.fixture(params=FRAMEWORKS)
async def service(request, far, monkeypatch):
    for name, value in (("BASE_URL", far.url), ("API_USER", far.api_user), ("API_KEY", far.api_key)):
        monkeypatch.setenv(f"COREDATA_{name}", value)
    monkeypatch.setenv("COREDATA_MAX_RETRIES", "0")
    module = load(request.param)
    monkeypatch.setattr(module, "Limits", lambda **options: Limits(connections=1, **options))
    serving = serve_aiohttp(module.make_app()) if request.param == "aiohttp" else serve_asgi(module.app)
    async with serving as url, aiohttp.ClientSession(auto_decompress=False) as session:
        yield Service(far, module, url, session)


@pytest.fixture
async def file(far_client, far):
    return (await far_client.files.upload(DATA, parent=far.project, filename="Ársreikn.bin")).file_id


async def test_a_file_is_served_whole(service, file):
    status, headers, body = await service.get(f"/files/{file}")

    assert (status, body) == (200, DATA)
    assert (headers["ETag"], headers["Content-Length"]) == (ETAG, str(len(DATA)))
    assert headers["Accept-Ranges"] == "bytes"
    assert "filename*=UTF-8''%C3%81rsreikn.bin" in headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=10-19", (206, "bytes 10-19/3000000", DATA[10:20])),
        ("bytes=-500", (206, "bytes 2999500-2999999/3000000", DATA[-500:])),
        ("bytes=2999990-", (206, "bytes 2999990-2999999/3000000", DATA[2999990:])),
        ("bytes=0-1,5-6", (200, None, DATA)),
        ("nonsense", (200, None, DATA)),
        ("bytes=3000000-", (416, "bytes */3000000", b"")),
    ],
)
async def test_ranges(service, file, header, expected):
    found = await service.get(f"/files/{file}", Range=header)

    assert (found[0], found[1].get("Content-Range"), found[2]) == expected
    assert found[1]["Content-Length"] == str(len(found[2]))


async def test_what_the_client_has_is_not_sent_again(service, file):
    status, headers, body = await service.get(f"/files/{file}", If_None_Match=f"W/{ETAG}")

    assert (status, headers["ETag"], body) == (304, ETAG, b"")


async def test_a_resumed_download_of_another_version_is_whole(service, file):
    part = await service.get(f"/files/{file}", Range="bytes=5-", If_Range=ETAG)
    whole = await service.get(f"/files/{file}", Range="bytes=5-", If_Range='"old"')

    assert (part[0], part[2]) == (206, DATA[5:])
    assert (whole[0], whole[2]) == (200, DATA)


async def test_head_gives_the_headers_alone(service, file):
    status, headers, body = await service.get(f"/files/{file}", "HEAD", Range="bytes=0-9")

    assert (status, headers["Content-Length"], body) == (206, "10", b"")
    assert headers["Content-Range"] == "bytes 0-9/3000000"


async def test_errors_become_statuses(service, far, file):
    status, headers, body = await service.get(f"/files/{MISSING}")
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, "application/problem+json")
    assert json.loads(body) == {"type": "about:blank", "status": 404, "title": "Not Found"}

    far.faults.status("files.content", 403)
    assert (await service.get(f"/files/{file}"))[0] == 403

    far.faults.status("files.content", 429, retry_after=7)
    status, headers, _ = await service.get(f"/files/{file}")
    assert (status, headers["Retry-After"]) == (503, "7")

    far.faults.status("files.content", 500)
    assert (await service.get(f"/files/{file}"))[0] == 502


async def test_a_response_that_turns_out_wrong_does_not_look_complete(service, far, file):
    far.faults.corrupt("storage.get", 10)

    with pytest.raises(aiohttp.ClientPayloadError):
        await service.get(f"/files/{file}")


async def test_a_client_that_disconnects_frees_everything(service, far, file):
    """The storage stands still, and clients leave: its one connection becomes free each time."""
    far.faults.stall("storage.get", 1_500_000, times=3)
    for _ in range(3):
        async with asyncio.timeout(5):
            response = await service.request("GET", f"/files/{file}")
            await response.content.readexactly(100_000)
        response.close()

    async with asyncio.timeout(5):
        assert (await service.get(f"/files/{file}"))[2] == DATA


async def test_a_client_that_does_not_wait_for_the_first_byte_frees_everything(service, far, file):
    far.faults.delay("storage.get", 30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await service.get(f"/files/{file}")

    async with asyncio.timeout(8):
        assert (await service.get(f"/files/{file}"))[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_stored_while_it_comes_in(service, far, far_client, chunked):
    async def body():
        for start in range(0, len(DATA), 100_000):
            yield DATA[start : start + 100_000]

    headers = {} if chunked else {"Content-Length": str(len(DATA))}
    path = f"/folders/{far.project}/a.bin"
    async with service.request("PUT", path, data=body(), headers=headers) as response:
        assert response.status == 201, await response.text()
        stored = await response.json()

    async with far_client.files.download(stored["id"]) as found:
        assert await found.read() == DATA
    assert (await far_client.files.get(stored["id"])).filename == "a.bin"


async def test_a_body_survives_a_failure_of_the_storage(service, far, far_client):
    far.faults.expire("storage.put")

    path = f"/folders/{far.project}/a.bin"
    async with service.request("PUT", path, data=io.BytesIO(DATA)) as response:
        assert response.status == 201, await response.text()
        stored = await response.json()

    async with far_client.files.download(stored["id"]) as found:
        assert await found.read() == DATA


async def test_a_file_of_a_form_is_stored(service, far, far_client):
    form = aiohttp.FormData(quote_fields=False)
    field = "data" if service.module.__name__ == "web_litestar" else "file"
    form.add_field(field, io.BytesIO(DATA), filename="ð.bin")

    async with service.request("POST", f"/folders/{far.project}", data=form) as response:
        assert response.status == 201, await response.text()
        stored = await response.json()

    file_id = stored["id"] if "id" in stored else stored["ids"][0]
    async with far_client.files.download(file_id) as found:
        assert await found.read() == DATA
    assert (await far_client.files.get(file_id)).filename == "ð.bin"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(service, far, monkeypatch, chunked):
    monkeypatch.setattr(service.module, "MAXIMUM", 1000)

    async def body():
        yield b"x" * 1001

    path = f"/folders/{far.project}/a.bin"
    async with service.request("PUT", path, data=body() if chunked else b"x" * 1001) as response:
        assert response.status == 413
    assert not far.state.files


async def test_progress_can_be_watched(service, far):
    halfway = asyncio.Event()

    async def body():
        yield DATA[:2_000_000]
        await halfway.wait()
        yield DATA[2_000_000:]

    async def watch():
        try:
            async with asyncio.timeout(10):
                while True:
                    async with service.request("GET", "/uploads/mine") as response:
                        if response.status == 200:
                            line = (await response.content.readline()).removeprefix(b"data: ")
                            if line.startswith(b"{") and (found := json.loads(line))["sent"]:
                                return found
                    await asyncio.sleep(0.02)
        finally:
            halfway.set()

    headers = {"X-Upload": "mine", "Content-Length": str(len(DATA))}
    watching = asyncio.create_task(watch())
    path = f"/folders/{far.project}/a.bin"
    async with service.request("PUT", path, data=body(), headers=headers) as response:
        assert response.status == 201
    found = await watching

    assert (found["stage"], found["total"]) == ("put", len(DATA))
    assert 0 < found["sent"] <= 2_000_000


async def test_an_uploading_client_that_disconnects_leaves_no_file(service, far):
    async def body():
        yield DATA[:1_000_000]
        raise ConnectionResetError

    with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
        await service.request(
            "PUT", f"/folders/{far.project}/a.bin", data=body(), headers={"Content-Length": str(len(DATA))}
        )

    await asyncio.sleep(0.3)
    assert not far.state.files
