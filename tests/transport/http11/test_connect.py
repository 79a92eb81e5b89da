"""Name resolution before a connection is opened: one look-up per name, with a short cache."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import APIConnectionError
from coredata_async.message import Request
from coredata_async.transport.http11 import connect as module
from coredata_async.transport.http11.connect import AddressResolver
from coredata_async.transport.http11.exchange import exchange
from coredata_async.transport.pool import Pool
from tests.storage.leaks import until


def place(number: int) -> module.Address:
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{number}", 80)


class Resolver:
    """Replaces the system's resolver: `slow.example` is not answered until `go` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def __call__(self, host: str, port: int, **_: object) -> list[module.Address]:
        self.asked.append(host)
        if host == "slow.example":
            self.go.wait(5)
        if host == "unknown.example":
            raise socket.gaierror(-2, "Name or service not known")
        return [place(number) for number in (1, 2, 3)]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.go.set()
    for thread in threading.enumerate():
        if thread.name == "coredata-resolver":
            thread.join(2)


async def test_a_slow_name_delays_no_other(resolver: Resolver) -> None:
    names = AddressResolver()
    slow = [asyncio.create_task(names.addresses("slow.example", 80)) for _ in range(40)]
    await until(lambda: resolver.asked == ["slow.example"])

    async with asyncio.timeout(1):
        assert len(await names.addresses("fast.example", 80)) == 3
        assert await asyncio.to_thread(lambda: 1) == 1
    assert not any(task.done() for task in slow)

    resolver.go.set()
    assert all(len(found) == 3 for found in [await task for task in slow])
    assert resolver.asked == ["slow.example", "fast.example"]


async def test_whoever_asks_again_after_a_timeout_waits_for_the_same_look_up(resolver: Resolver) -> None:
    names = AddressResolver()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await names.addresses("slow.example", 80)

    resolver.go.set()

    assert len(await names.addresses("slow.example", 80)) == 3
    assert resolver.asked == ["slow.example"]


async def test_a_name_that_is_not_known_is_asked_for_again(resolver: Resolver) -> None:
    names = AddressResolver()
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await names.addresses("unknown.example", 80)

    assert resolver.asked == ["unknown.example"] * 2


async def test_a_look_up_that_fails_when_everybody_has_gone_is_silent(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        resolver.go.wait(5)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    names = AddressResolver()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await names.addresses("t.example", 80)

    resolver.go.set()
    await until(lambda: not names._pending)


async def test_each_time_another_address_comes_first(resolver: Resolver) -> None:
    names = AddressResolver()

    first = [(await names.addresses("t.example", 80))[0][4][0] for _ in range(4)]

    assert first == ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"]
    assert resolver.asked == ["t.example"]


async def test_a_name_is_asked_for_again_after_a_while(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KNOWN_FOR", -1.0)
    names = AddressResolver()
    for _ in range(2):
        await names.addresses("t.example", 80)

    assert resolver.asked == ["t.example"] * 2


@pytest.mark.parametrize(
    ("host", "family", "where"),
    [("127.0.0.1", socket.AF_INET, ("127.0.0.1", 80)), ("::1", socket.AF_INET6, ("::1", 80, 0, 0))],
)
async def test_an_address_is_not_looked_up(
    resolver: Resolver, host: str, family: int, where: tuple[object, ...]
) -> None:
    (found,) = await AddressResolver().addresses(host, 80)

    assert (found[0], found[4], resolver.asked) == (family, where, [])


async def test_tls_that_cannot_be_set_up_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/no/such/log")
    module._default_context.cache_clear()
    pool = Pool(Limits())

    with pytest.raises(APIConnectionError, match=r"TLS cannot be set up \(No such.*/no/such/log\)") as caught:
        await exchange(pool, "api", Timeouts(), headers={})(Request("POST", "https://127.0.0.1:1/"))

    assert (caught.value.permanent, caught.value.reached) == (True, False)
    await pool.aclose()


async def test_a_name_that_is_not_known_is_reported_with_the_text_of_the_system(resolver: Resolver) -> None:
    pool = Pool(Limits())

    with pytest.raises(APIConnectionError, match=r"cannot connect \(Name or service not known\)"):
        await exchange(pool, "api", Timeouts(), headers={})(Request("GET", "http://unknown.example/"))

    assert resolver.asked == ["unknown.example"]
    await pool.aclose()
