"""Connections of both kinds: opened late, bound to their loop, closed once; sessions add no headers."""

import asyncio
import gc
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import psutil
import pytest
from yarl import URL

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import APIConnectionError, ConfigurationError, CoreDataError
from coredata_async.message import Request, Send
from coredata_async.transport.aiohttp import exchange as over_aiohttp
from coredata_async.transport.http11.exchange import Side
from coredata_async.transport.pool import Pool
from tests.storage.leaks import until

from .conftest import Exchange
from .raw import RawServer, answers, closes_after_the_request

pytestmark = pytest.mark.slow


def to(pool: Pool, side: str = "storage", exchange: Exchange = over_aiohttp.exchange) -> Send:
    return exchange(pool, side, Timeouts(), headers={})


def sockets(port: int) -> int:
    return sum(
        1 for each in psutil.Process().net_connections("tcp4") if each.raddr and each.raddr.port == port
    )


def test_a_pool_is_made_without_a_loop_and_opens_nothing() -> None:
    pool = Pool(Limits())

    assert (pool._own, pool.closed) == ({}, False)
    pool.close_now()
    assert pool.closed


async def test_each_side_has_a_session_of_its_own() -> None:
    pool = Pool(Limits(connections=7))

    api, storage = pool.session("api"), pool.session("storage")

    assert api is pool.session("api")
    assert storage is pool.session("storage")
    assert api is not storage
    assert api.connector is not storage.connector
    assert [session.connector.limit for session in (api, storage)] == [7, 7]
    assert not {"Authorization", "User-Agent", "Cookie"} & {*api.headers, *storage.headers}
    await pool.aclose()
    assert (api.closed, storage.closed) == (True, True)


async def test_closing_twice_does_nothing_and_then_it_says_so(exchange: Exchange, server: RawServer) -> None:
    pool = Pool(Limits())
    await to(pool, exchange=exchange)(Request("GET", server.url + "/"))
    for _ in range(2):
        await pool.aclose()
    pool.close_now()

    assert pool.closed
    with pytest.raises(CoreDataError, match="this client is closed"):
        await to(pool, exchange=exchange)(Request("GET", server.url + "/"))


async def test_closing_under_a_request_ends_it(exchange: Exchange, server: RawServer, pool: Pool) -> None:
    async def silent(line: object) -> None:
        await asyncio.Event().wait()

    server.script.append(silent)
    task = asyncio.create_task(to(pool, exchange=exchange)(Request("GET", server.url + "/")))
    await until(lambda: server.open == 1)

    await pool.aclose()

    with pytest.raises(CoreDataError):
        await task


@pytest.mark.parametrize("open_one", [Pool.session, Pool.connections])
def test_another_loop_is_a_clear_error(open_one: Callable[[Pool, Side], object]) -> None:
    pool = Pool(Limits())

    async def use() -> None:
        open_one(pool, "api")

    asyncio.run(use())
    with pytest.raises(CoreDataError, match="belong to another event loop; make one client per loop"):
        asyncio.run(use())

    pool.close_now()
    gc.collect()


def test_a_pool_that_opened_nothing_may_go_to_another_loop() -> None:
    pool = Pool(Limits())

    async def use() -> None:
        pool.session("api")
        await pool._own.popitem()[1].close()

    for _ in range(2):
        asyncio.run(use())


def test_connections_are_dropped_after_their_loop_has_closed(exchange: Exchange) -> None:
    pool, ports = Pool(Limits()), []

    async def use() -> None:
        async with RawServer() as server:
            ports.append(server.port)
            for side in ("api", "storage"):
                await to(pool, side, exchange)(Request("GET", server.url + "/"))

    asyncio.run(use())
    pool.close_now()
    gc.collect()  # a session, transport or socket that was not closed warns here, and warnings are errors

    assert (sockets(ports[0]), pool.closed) == (0, True)


@pytest.mark.parametrize("factory", ["asyncio", "uvloop"])
def test_connections_with_tls_are_dropped_after_their_loop_has_closed(
    exchange: Exchange, factory: str, stranger: ssl.SSLContext, certificate: Path
) -> None:
    loops = pytest.importorskip(factory)
    pool = Pool(Limits(), ssl=ssl.create_default_context(cafile=certificate))
    server = RawServer(tls=stranger)
    port = server.port

    async def use() -> None:
        async with server:
            await to(pool, exchange=exchange)(Request("GET", server.url + "/"))

    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(use())
    pool.close_now()
    gc.collect()

    assert (sockets(port), pool.closed) == (0, True)


@pytest.mark.parametrize("factory", ["asyncio", "uvloop"])
def test_closing_connections_with_tls_waits_until_they_are(
    exchange: Exchange, factory: str, stranger: ssl.SSLContext, certificate: Path
) -> None:
    async def use() -> None:
        pool = Pool(Limits(), ssl=ssl.create_default_context(cafile=certificate))
        async with RawServer(tls=stranger) as server:
            await to(pool, exchange=exchange)(Request("GET", server.url + "/"))
            await pool.aclose()

    loops = pytest.importorskip(factory)
    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(use())
    gc.collect()  # anything that was not closed warns here, and warnings are errors


async def test_connections_are_dropped_within_their_loop(exchange: Exchange, server: RawServer) -> None:
    pool = Pool(Limits())
    await to(pool, exchange=exchange)(Request("GET", server.url + "/"))

    pool.close_now()
    gc.collect()
    await until(lambda: server.open == 0)

    assert pool.closed


async def test_a_session_that_was_brought_is_used_and_left_open(server: RawServer) -> None:
    async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as api, aiohttp.ClientSession() as storage:
        pool = Pool(Limits(), api=api, storage=storage)
        assert (pool.session("api"), pool.session("storage")) == (api, storage)
        await to(pool, "api")(Request("PUT", server.url + "/", body=b"x" * 100_000))
        await pool.aclose()
        pool.close_now()

        assert (api.closed, storage.closed) == (False, False)
    assert server.seen[0].header("X-Mine") == "1"
    assert "api" not in repr(pool)


async def test_a_session_that_was_brought_closed_is_a_clear_error() -> None:
    async with aiohttp.ClientSession() as session:
        pool = Pool(Limits(), api=session)

    with pytest.raises(CoreDataError, match="session that was passed to this client is closed"):
        pool.session("api")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_storage_session_with_credentials_is_refused() -> None:
    ways = [
        {"headers": {"authorization": "apikey SECRET"}},
        {"auth": aiohttp.BasicAuth("u", "SECRET")},
    ]
    for way in ways:
        async with aiohttp.ClientSession(**way) as session:
            with pytest.raises(ConfigurationError, match="Authorization") as caught:
                Pool(Limits(), storage=session)
            Pool(Limits(), api=session)
        assert "SECRET" not in str(caught.value)


def test_a_session_of_another_loop_is_a_clear_error() -> None:
    async def open_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(session: aiohttp.ClientSession) -> None:
        with pytest.raises(CoreDataError, match="belongs to another event loop"):
            Pool(Limits(), api=session).session("api")

    with asyncio.Runner() as first:
        session = first.run(open_session())
        asyncio.run(use(session))
        first.run(session.close())


@pytest.fixture
def with_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login u password SECRET\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("with_netrc")
async def test_a_session_sends_no_password_of_netrc_and_no_cookie_to_the_storage(server: RawServer) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(trust_env=True, cookie_jar=jar, headers={"X-Mine": "1"}) as session:
        session.cookie_jar.update_cookies({"sessionid": "SECRET"}, URL(server.url))
        pool = Pool(Limits(), storage=session)
        await to(pool)(Request("PUT", server.url + "/", body=b"x"))

    seen = server.seen[0]
    assert "SECRET" not in repr(seen)
    assert (seen.header("Authorization"), seen.header("Cookie"), seen.header("X-Mine")) == (None, None, "1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("origin", ["netrc", "auth"])
@pytest.mark.usefixtures("with_netrc")
async def test_a_session_whose_credentials_displace_the_key_is_a_clear_error(
    server: RawServer, origin: str
) -> None:
    auth = aiohttp.BasicAuth("u", "SECRET") if origin == "auth" else None
    async with aiohttp.ClientSession(trust_env=origin == "netrc", auth=auth) as session:
        pool = Pool(Limits(), api=session)
        with pytest.raises(APIConnectionError, match="the session that was passed has credentials") as caught:
            await to(pool, "api")(Request("GET", server.url + "/", {"Authorization": "apikey u:k"}))

    assert (caught.value.permanent, caught.value.reached, server.seen) == (True, False, [])
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_session_that_was_brought_does_not_repeat_a_request(server: RawServer, method: str) -> None:
    server.script += [answers(), closes_after_the_request]
    async with aiohttp.ClientSession() as session:
        pool = Pool(Limits(), api=session)
        await to(pool, "api")(Request("GET", server.url + "/"))
        with pytest.raises(APIConnectionError) as caught:
            await to(pool, "api")(Request(method, server.url + "/b", body=b"x"))

    assert (server.lines, len(server.seen), caught.value.reached) == (1, 2, True)


async def test_the_middlewares_of_a_session_that_was_brought_are_used(server: RawServer) -> None:
    async def add(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = "Bearer of the gateway"
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[add]) as session:
        await to(Pool(Limits(), storage=session))(Request("PUT", server.url + "/", body=b"x"))

    assert server.seen[0].header("Authorization") == "Bearer of the gateway"


# Certificates


async def test_no_ssl_option_is_the_default_and_verifies(
    exchange: Exchange, stranger: ssl.SSLContext
) -> None:
    pool = Pool(Limits(), ssl=None)
    async with RawServer(tls=stranger) as server:
        with pytest.raises(APIConnectionError, match="certificate is not trusted"):
            await to(pool, "api", exchange)(Request("GET", server.url + "/", {"Authorization": "apikey u:k"}))
        await pool.aclose()

    assert server.seen == []


@pytest.mark.parametrize("given", [0, 1, "", "ca.pem", Path("ca.pem")])
def test_only_false_turns_the_verification_off(given: object) -> None:
    with pytest.raises(ConfigurationError, match=r"ssl must be an ssl\.SSLContext, True or False"):
        Pool(Limits(), ssl=given)


# Proxies


async def test_a_proxy_gets_the_whole_url_and_its_own_credentials(server: RawServer) -> None:
    pool = Pool(Limits(), proxy=f"http://u:p@127.0.0.1:{server.port}")
    await to(pool)(Request("PUT", "http://storage.invalid/b?Signature=a%2Fb", body=b"abc"))
    await pool.aclose()

    seen = server.seen[0]
    assert (seen.target, seen.body) == ("http://storage.invalid/b?Signature=a%2Fb", b"abc")
    assert seen.header("Proxy-Authorization") == "Basic dTpw"
    assert seen.header("Authorization") is None
    assert "u:p" not in repr(pool)


async def test_a_proxy_that_refuses_is_reported_without_its_password(server: RawServer) -> None:
    server.script.append(answers(407))
    pool = Pool(Limits(), proxy=f"http://u:SECRET@127.0.0.1:{server.port}")
    with pytest.raises(CoreDataError, match="the proxy refused") as caught:
        await to(pool)(Request("PUT", "https://storage.invalid/b", body=b"abc"))
    await pool.aclose()

    assert "SECRET" not in str(caught.value)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc"):
        for each in (name, name.upper()):
            monkeypatch.delenv(each, raising=False)
    return monkeypatch


async def test_proxies_of_the_environment_are_taken_only_if_wanted(
    server: RawServer, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    wanted = Pool(Limits(), trust_env=True)
    await to(wanted)(Request("GET", "http://storage.invalid/b"))
    await wanted.aclose()
    assert server.seen[0].target == "http://storage.invalid/b"


async def test_netrc_is_never_asked(
    server: RawServer, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password SECRET\n")
    netrc.chmod(0o600)
    environment.setenv("NETRC", str(netrc))
    environment.setenv("NO_PROXY", "127.0.0.1")
    pool = Pool(Limits(), trust_env=True)

    await to(pool)(Request("PUT", server.url + "/", body=b"x"))
    await to(pool, "api")(Request("GET", server.url + "/", {"Authorization": "apikey u:k"}))
    await pool.aclose()

    assert [seen.header("Authorization") for seen in server.seen] == [None, "apikey u:k"]
