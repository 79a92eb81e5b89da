"""Selection of the transport: our own client, except for unusual requests."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request
from coredata_async.transport.pool import Pool, exchange, is_unpatched

from .raw import RawServer


async def ways(server: RawServer, pool: Pool, target: str | None = None) -> set[str]:
    """Send a request by either side, and return the transports used."""
    for side in ("api", "storage"):
        send = exchange(pool, side, Timeouts(), headers={}, base_url=server.url)  # type: ignore[arg-type]
        assert (await send(Request("GET", target or "/"))).status == 200
    found = {"lean"} if pool._http11 else set()
    found |= {"aiohttp"} if pool._own else set()
    await pool.aclose()
    return found


async def test_what_is_usual_needs_no_aiohttp(server: RawServer) -> None:
    assert await ways(server, Pool(Limits())) == {"lean"}


async def test_whoever_wants_aiohttp_gets_nothing_else(server: RawServer) -> None:
    assert await ways(server, Pool(Limits(), transport="aiohttp")) == {"aiohttp"}


def test_another_word_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="'auto' or 'aiohttp', not 'httpx'"):
        Pool(Limits(), transport="httpx")  # type: ignore[arg-type]


async def test_a_session_that_was_brought_is_used_for_its_side(server: RawServer) -> None:
    async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
        assert await ways(server, Pool(Limits(), api=session)) == {"lean"}

    assert [seen.header("X-Mine") for seen in server.seen] == ["1", None]


async def test_a_proxy_is_for_aiohttp(server: RawServer) -> None:
    pool = Pool(Limits(), proxy=server.url)

    assert await ways(server, pool, "http://far.invalid/") == {"aiohttp"}
    assert server.seen[0].target == "http://far.invalid/"


async def test_a_proxy_of_the_environment_is_for_aiohttp_only_where_it_counts(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert await ways(server, Pool(Limits(), trust_env=True), "http://far.invalid/") == {"aiohttp"}
    assert await ways(server, Pool(Limits(), trust_env=True)) == {"lean"}
    assert await ways(server, Pool(Limits())) == {"lean"}


def recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def through(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return through


@pytest.mark.parametrize("name", ["__init__", "_request"])
async def test_whoever_has_put_his_own_in_the_place_of_aiohttps_sees_our_requests(
    server: RawServer, name: str
) -> None:
    """As aioresponses, VCR, OpenTelemetry and Sentry do; patches may come and go at any time."""
    pool = Pool(Limits())
    send = exchange(pool, "api", Timeouts(), headers={}, base_url=server.url)
    with patch.object(aiohttp.ClientSession, name, recorded(getattr(aiohttp.ClientSession, name))):
        assert not is_unpatched()
        await send(Request("GET", "/"))
        assert (len(pool._own), len(pool._http11)) == (1, 0)

    await send(Request("GET", "/"))
    assert (is_unpatched(), len(pool._http11)) == (True, 1)
    await pool.aclose()


async def test_a_session_class_of_its_own_is_noticed(server: RawServer) -> None:
    class Theirs:
        def __init__(self) -> None: ...

        def _request(self) -> Reply: ...  # type: ignore[empty-body]

    with patch.object(aiohttp, "ClientSession", Theirs):
        assert not is_unpatched()
    for way in ({"autospec": True}, {}):  # a mock is a function without a module, or not a function
        with patch.object(aiohttp.ClientSession, "_request", **way):
            assert not is_unpatched()
    assert is_unpatched()
