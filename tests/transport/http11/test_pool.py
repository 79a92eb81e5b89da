"""Connection pool: reuse, limit, no dead connection twice, and reliable closing."""

import asyncio
import socket

import psutil
import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.errors import APITimeoutError, CoreDataError
from coredata_async.message import Reply, Request, Send
from coredata_async.transport.http11 import connection as connection_module
from coredata_async.transport.http11 import pool as module
from coredata_async.transport.http11.errors import BrokenError
from coredata_async.transport.http11.exchange import exchange
from coredata_async.transport.http11.request_head import split
from coredata_async.transport.pool import Pool
from tests.storage.leaks import until
from tests.transport.raw import Line, RawServer, never_answers

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def to(pool: Pool, **timeouts: float) -> Send:
    return exchange(pool, "storage", Timeouts(**timeouts), headers={})


def get(server: RawServer) -> Request:
    return Request("GET", server.url + "/")


async def test_the_newest_is_used_first(server: RawServer, pool: Pool) -> None:
    send = to(pool)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(send(get(server)))
    assert server.lines == 3
    idle = next(iter(pool.connections("storage")._idle.values()))
    newest = idle[-1]

    for _ in range(5):
        await send(get(server))
        assert idle[-1] is newest


async def test_what_has_been_idle_for_long_is_not_used_again(
    server: RawServer, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "KEPT_FOR", 0.01)
    send = to(pool)
    await send(get(server))

    await asyncio.sleep(0.02)
    await send(get(server))

    assert server.lines == 2


async def test_what_is_idle_is_closed_in_the_end(
    server: RawServer, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_FOR", 0.02)
    monkeypatch.setattr(connection_module, "KEPT_FOR", 0.02)

    await to(pool)(get(server))
    await until(lambda: server.open == 0)

    assert (pool.connections("storage").open, pool.connections("storage")._idle) == (set(), {})
    assert pool.connections("storage")._sweep is None


async def test_a_kept_connection_that_the_server_has_closed_is_not_used(
    server: RawServer, pool: Pool
) -> None:
    async def once(line: Line) -> None:
        await line.request()
        await line.answer()
        line.close()

    server.script.append(once)
    send = to(pool)
    await send(get(server))
    await until(lambda: not pool.connections("storage").open)

    assert (await send(Request("POST", server.url + "/", body=b"x"))).status == 200
    assert (server.lines, len(server.seen)) == (2, 2)


async def test_unsolicited_data_closes_a_kept_connection(server: RawServer, pool: Pool) -> None:
    async def talks(line: Line) -> None:
        await line.request()
        await line.answer()
        await asyncio.sleep(0.01)
        await line.say(EVIL)
        await line.gone()

    server.script.append(talks)
    send = to(pool)
    await send(get(server))
    await until(lambda: server.open == 0)

    assert (await send(get(server))).body == b""
    assert server.lines == 2


async def test_what_comes_behind_an_answer_is_never_the_next_ones(server: RawServer, pool: Pool) -> None:
    async def two(line: Line) -> None:
        await line.request()
        await line.say(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        )
        await line.gone()

    server.script.append(two)
    send = to(pool)

    assert [(await send(get(server))).body for _ in range(2)] == [b"ok", b""]
    assert server.lines == 2


async def test_what_speaks_before_it_is_spoken_to_is_not_believed(server: RawServer, pool: Pool) -> None:
    async def early(line: Line) -> None:
        await line.say(EVIL)
        await line.gone()

    server.script.append(early)
    lines = pool.connections("storage")
    connection = await lines.get(split(server.url)[0], None)
    await until(lambda: not lines.open)

    connection.start_response(bodiless=False, streams=False)
    with pytest.raises(BrokenError):
        await connection.wait_response()
    lines.release(connection)


@pytest.mark.parametrize("word", ["close", "Close, x"])
async def test_a_server_that_wants_it_closed_gets_it_closed(server: RawServer, pool: Pool, word: str) -> None:
    async def last(line: Line) -> None:
        await line.request()
        await line.answer(Connection=word)
        await line.gone()

    server.script.append(last)
    for _ in range(2):
        await to(pool)(get(server))

    assert server.lines == 2


async def test_a_place_is_waited_for_in_turn_and_no_longer_than_connecting_may_take(
    server: RawServer,
) -> None:
    pool = Pool(Limits(connections=1))
    server.script.append(never_answers)
    first = asyncio.create_task(to(pool)(get(server)))
    await until(lambda: len(server.seen) == 1)

    with pytest.raises(APITimeoutError) as caught:
        await to(pool, connect=0.02)(get(server))
    assert (caught.value.phase, caught.value.reached) == ("connect", False)

    waiting = [asyncio.create_task(to(pool)(get(server))) for _ in range(4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[2].cancel()
    first.cancel()
    done = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [isinstance(each, Reply) for each in done] == [False, False, True, False, True]
    assert pool.connections("storage")._busy == 0
    await pool.aclose()


@pytest.mark.parametrize("steps", range(12))
async def test_a_place_is_never_lost_when_a_waiter_gives_up(server: RawServer, steps: int) -> None:
    pool = Pool(Limits(connections=1))
    tasks = [asyncio.create_task(to(pool)(get(server))) for _ in range(3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    tasks[steps % 3].cancel()
    await asyncio.wait(tasks)

    assert (await to(pool)(get(server))).status == 200
    assert pool.connections("storage")._busy == 0
    await pool.aclose()
    await until(lambda: server.open == 0)


async def test_closing_ends_connecting_and_waiting_tasks(server: RawServer) -> None:
    pool = Pool(Limits(connections=1))
    server.script.append(never_answers)
    tasks = [asyncio.create_task(to(pool)(get(server))) for _ in range(3)]
    await until(lambda: len(server.seen) == 1)

    await pool.aclose()

    for each in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(each, CoreDataError)


async def test_closing_waits_until_all_are_closed(server: RawServer) -> None:
    pool = Pool(Limits())
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(to(pool)(get(server)))

    await pool.aclose()

    ours = [
        each
        for each in psutil.Process().net_connections("tcp4")
        if each.raddr and each.raddr.port == server.port
    ]
    assert [each for each in ours if each.fd != -1] == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Names that were looked up; every name is that of this machine."""
    look_up, asked = socket.getaddrinfo, list[object]()

    def counted(host: str, *args: object, **kwargs: object) -> object:
        asked.append(host)
        return look_up("127.0.0.1", *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    return asked


async def test_a_name_is_looked_up_once_for_a_while(
    server: RawServer, pool: Pool, asked: list[object]
) -> None:
    request = Request("GET", f"http://t.example:{server.port}/")
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(to(pool)(request))

    assert (server.lines, asked) == (5, ["t.example"])


async def test_an_address_is_not_looked_up(server: RawServer, pool: Pool, asked: list[object]) -> None:
    await to(pool)(get(server))

    assert asked == []
