"""No variable of a frame that a crash reporter prints holds a key, a password or a signed URL."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coredata_async import ConfigurationError, CoreData, Timeouts
from coredata_async.bulk.workers.setup import decode_setup
from coredata_async.cluster.address import read_address
from coredata_async.events.options import StoreOptions, open_records
from coredata_async.fivepm import FivePM
from coredata_async.records import RecordStoreError
from coredata_async.secret import Secret
from coredata_async.storage.private import read_token
from tests.rig import QUICK

PACKAGE = str(Path(__file__).parent.parent)
KEY, SIGNATURE = "K3yOfBob+0123/abc", "S1gnature42"


def holders(exc: BaseException | None, seen: set[int] | None = None) -> Iterator[str]:
    """Yield the variables that hold a secret, in all frames but those of tests."""
    seen = seen or set()
    if exc is None or id(exc) in seen:
        return
    seen.add(id(exc))
    trace = exc.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(f"{PACKAGE}/tests"):
            for name, value in trace.tb_frame.f_locals.items():
                if any(secret in shown(value) for secret in (KEY, SIGNATURE)):
                    yield f"{code.co_filename}:{trace.tb_lineno} {code.co_name} {name}"
        trace = trace.tb_next
    for other in (exc.__cause__, exc.__context__, *getattr(exc, "exceptions", ())):
        yield from holders(other, seen)


def shown(value: object) -> str:
    try:
        return repr(value)
    except AttributeError:  # a client that is not constructed yet
        return ""


@asynccontextmanager
async def silent_service():
    """A service that reserves and redirects to the storage, and does nothing else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                line = (await reader.readuntil(b"\r\n\r\n")).decode()
                body, headers = b"", "HTTP/1.1 302 Found\r\nLocation: " + signed
                if "presigned" in line:
                    body = json.dumps({"blobName": "0" * 32, "presignedUrl": signed}).encode()
                    headers = "HTTP/1.1 200 OK"
                elif "/content/" not in line:
                    await reader.read()  # until the client gives up
                    return
                writer.write(f"{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    signed = f"{url}/laika/b?Signature={SIGNATURE}"
    try:
        yield url
    finally:
        server.close()


async def _get(client: CoreData) -> None:
    await client.projects.get("1")


async def _upload(client: CoreData) -> None:
    await client.files.upload(b"x", parent="1", filename="x")


async def _stream(client: CoreData) -> None:
    await client.files.upload(b"x" * 200_000, parent="1", filename="x")


async def _broken_source(client: CoreData) -> None:
    async def source():
        yield b"x" * 70_000
        raise OSError("the source broke")

    await client.files.upload(source(), parent="1", filename="x", size=200_000)


async def _download(client: CoreData) -> None:
    async with client.files.download("1") as body:
        await body.read()


async def cancelled(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.1)
    task.cancel()
    await task


async def timed_out(work: Awaitable[None]) -> None:
    async with asyncio.timeout(0.1):
        await work


async def plain(work: Awaitable[None]) -> None:
    await work


@pytest.mark.parametrize("transport", ["auto", "aiohttp"])
@pytest.mark.parametrize("work", [_get, _upload, _stream, _broken_source, _download])
@pytest.mark.parametrize(
    ("end", "timeouts"),
    [
        (cancelled, Timeouts()),
        (timed_out, Timeouts()),
        (plain, Timeouts(total=0.1)),
        (plain, Timeouts(response=0.1, stall=0.1)),
    ],
)
async def test_an_end_of_any_kind_shows_no_secret_in_its_frames(
    transport: str,
    work: Callable[[CoreData], Awaitable[None]],
    end: Callable[[Awaitable[None]], Awaitable[None]],
    timeouts: Timeouts,
) -> None:
    options = {"transport": transport, "timeouts": timeouts, "retry": QUICK}
    async with silent_service() as url, CoreData(url, api_user="bob", api_key=KEY, **options) as client:
        with pytest.raises((Exception, asyncio.CancelledError)) as caught:
            await end(work(client))

        assert list(holders(caught.value)) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda key: CoreData("http://evil.invalid", api_user="bob", api_key=key),
        lambda key: CoreData("https://a.is", api_user="", api_key=key, api_key_v3=key),
        lambda key: CoreData("https://a.is", api_user="b", api_key=f"{key}\n"),
        lambda key: CoreData("https://a.is", api_user="b", api_key="k", headers={"X": key}, transport="no"),
        lambda key: CoreData("https://a.is", api_user="b", api_key="k", proxy=f"//u:{key}@p", transport="no"),
        lambda key: CoreData.from_env("ftp://a.is", api_user="b", api_key=key),
        lambda key: FivePM("http://evil.invalid", login="b", password=key),
        lambda key: FivePM("acme", login="", password=key),
        lambda key: FivePM.from_env("http://evil.invalid", login="b", password=key),
        lambda key: decode_setup({"api_user": None}, Secret({"api_key": key})),
    ],
)
def test_a_client_that_cannot_be_made_shows_no_key_in_its_frames(make) -> None:
    with pytest.raises((ConfigurationError, KeyError)) as caught:
        make(KEY)

    assert list(holders(caught.value)) == []


@pytest.mark.parametrize("name", ["TIMEOUT", "LOG", "CA_BUNDLE", "TRANSPORT"])
def test_an_environment_that_cannot_be_read_shows_no_key_in_its_frames(monkeypatch, name) -> None:
    monkeypatch.setenv("COREDATA_API_KEY", KEY)
    monkeypatch.setenv(f"COREDATA_{name}", "nonsense")

    with pytest.raises(ConfigurationError) as caught:
        CoreData.from_env("https://a.is", api_user="b")

    assert list(holders(caught.value)) == []


@pytest.mark.parametrize("rest", ["127.0.0.1:1/d", "127.0.0.1:port/d", "[::1/d", "127.0.0.1:1/d?sslmode=x"])
async def test_a_record_store_that_cannot_be_reached_shows_no_password_in_its_frames(rest: str) -> None:
    pytest.importorskip("asyncpg")
    options = StoreOptions(address=f"postgresql://bob:{SIGNATURE}@{rest}")

    with pytest.raises(RecordStoreError, match="PostgreSQL at") as caught:
        async with open_records(options, None):  # type: ignore[arg-type]  # of NATS, which is not used
            pass

    assert list(holders(caught.value)) == []


@pytest.mark.parametrize("content", [f"{KEY}\n{KEY}".encode(), b"\xff" + KEY.encode()])
def test_a_file_that_is_not_a_token_shows_no_token_in_its_frames(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        read_token(path, "the token")

    assert list(holders(caught.value)) == []


def test_an_address_of_a_cluster_that_is_malformed_shows_no_token_in_its_frames() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_address("http://h", environ={"COREDATA_CLUSTER_TOKEN": KEY})

    assert [each for each in holders(caught.value) if not each.endswith(" environ")] == []
