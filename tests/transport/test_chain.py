"""The two chains, over a real socket."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    SourceChangedError,
    StorageError,
)
from coredata_async.message import Request, Send
from coredata_async.storage.bodies import Streamed
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import service_chain, storage_chain, user_agent
from coredata_async.transport.options import SendOptions, SharedLimits
from coredata_async.transport.pool import Pool
from coredata_async.transport.trace import Exchanged
from tests.storage.leaks import until

from .raw import RawServer, answers, never_answers, resets_after_the_request

WHO = Credentials("kari", "K3Y-TWO", "K3Y-THREE")
QUICK = Retry(attempts=3, base=0.001)


class Chains:
    """Both sides of one client."""

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self.pools: list[Pool] = []

    def both(self, limits: Limits | None = None, **manner: object) -> tuple[Send, Send]:
        limits = limits or Limits()
        pool = Pool(limits)
        self.pools.append(pool)
        how = SendOptions(**{"retry": QUICK, **manner})  # type: ignore[arg-type]
        gates = SharedLimits.of(limits, how.retry)
        return service_chain(pool, gates, how, self.server.url, WHO), storage_chain(pool, gates, how)


@pytest.fixture
async def chains(server: RawServer) -> AsyncIterator[Chains]:
    chains = Chains(server)
    yield chains
    for pool in chains.pools:
        await pool.aclose()


def put(server: RawServer, body: bytes | Streamed = b"x") -> Request:
    return Request("PUT", server.url + "/b?Signature=SECRET", body=body)


GET = Request("GET", "/api/v2/files/")
POST = Request("POST", "/api/v2/files/", body=b"{}", repeatable=False)


async def test_the_key_goes_to_the_service_and_to_nothing_else(server: RawServer, chains: Chains) -> None:
    api, storage = chains.both(headers={"X-Tenant": "acme"}, app_info="importer/2")

    await api(GET)
    await api(Request("POST", "/api/v3/blobs/", body=b"{}"))
    await storage(put(server))

    v2, v3, stored = server.seen
    assert v2.header("Authorization") == "apikey kari:K3Y-TWO"
    assert v3.header("Authorization") == "apikey K3Y-THREE"
    assert v2.header("X-Tenant") == "acme"
    assert (v2.header("User-Agent") or "").startswith("coredata-async/")
    assert "(importer/2)" in (v2.header("User-Agent") or "")
    assert {name.lower() for name, _ in stored.headers} == {
        "host",
        "accept",
        "accept-encoding",
        "content-length",
    }
    assert stored.header("Accept-Encoding") == "identity"
    assert "K3Y" not in str(stored)


async def test_a_header_of_the_user_never_stands_beside_ours(server: RawServer, chains: Chains) -> None:
    api, _ = chains.both(headers={"user-agent": "mine", "authorization": "theirs"})

    await api(GET)

    assert server.seen[0].all("User-Agent") == ["mine"]
    assert server.seen[0].all("Authorization") == ["apikey kari:K3Y-TWO"]


async def test_a_reply_brings_along_what_masks_the_keys(server: RawServer, chains: Chains) -> None:
    server.script += [answers(401, b"unknown key K3Y-TWO"), answers(200, b"K3Y-THREE")]
    api, _ = chains.both()

    replies = [await api(GET), await api(GET)]

    assert [reply.redactor.excerpt(reply.body) for reply in replies] == ["unknown key ***", "***"]


async def test_the_values_in_a_signed_url_are_masked_in_what_is_shown_of_the_reply(
    server: RawServer, chains: Chains
) -> None:
    server.script.append(answers(403, b"SECRET is not the signature"))
    _, storage = chains.both()

    reply = await storage(put(server))

    assert reply.redactor.excerpt(reply.body) == "*** is not the signature"


async def test_every_attempt_is_seen_and_the_last_answer_counts_them(
    server: RawServer, chains: Chains, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "coredata_async")
    server.script.extend([answers(503), resets_after_the_request, answers(200, b"x")])
    events: list[Exchanged] = []
    _, storage = chains.both(hooks=[events.append])

    reply = await storage(put(server))

    assert (reply.status, reply.attempts) == (200, 3)
    assert reply.elapsed > 0
    assert [event.status or event.error for event in events] == [503, "APIConnectionError", 200]
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO", "DEBUG", "INFO", "DEBUG"]
    assert "SECRET" not in caplog.text + repr(events)


async def test_a_write_whose_answer_was_lost_is_sent_once(server: RawServer, chains: Chains) -> None:
    server.script.append(resets_after_the_request)

    with pytest.raises(APIConnectionError) as caught:
        await chains.both()[0](POST)

    assert (caught.value.attempts, caught.value.reached, len(server.seen)) == (1, True, 1)
    assert caught.value.elapsed > 0


async def test_a_redirect_of_the_service_is_not_followed(server: RawServer, chains: Chains) -> None:
    server.script.append(answers(301, Location="/api/v2/files/"))

    assert (await chains.both()[0](POST)).status == 301
    assert len(server.seen) == 1


async def test_nothing_is_sent_to_where_it_does_not_belong(server: RawServer, chains: Chains) -> None:
    api, storage = chains.both()

    with pytest.raises(ConfigurationError):
        await api(Request("GET", server.url + "/api/"))
    with pytest.raises(StorageError):
        await storage(Request("PUT", server.url + "/b", {"Authorization": "x"}))

    assert server.seen == []


async def test_no_more_than_the_limits_are_in_flight(server: RawServer, chains: Chains) -> None:
    api, storage = chains.both(Limits(connections=3, concurrency=2))
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(api(GET))
    assert server.lines == 2

    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(storage(put(server)))
    assert server.lines == 2 + 3


async def test_who_waits_to_repeat_holds_no_place(server: RawServer, chains: Chains) -> None:
    server.script.append(answers(503))
    api, _ = chains.both(Limits(concurrency=1), retry=Retry(base=0.2), timeouts=Timeouts(pool=0.05))

    async with asyncio.TaskGroup() as group:
        first = group.create_task(api(GET))
        await until(lambda: len(server.seen) == 1)
        second = group.create_task(api(GET))

    assert (first.result().attempts, second.result().attempts) == (2, 1)


async def test_open_downloads_occupy_connections_and_a_waiter_is_reported(
    server: RawServer, chains: Chains
) -> None:
    server.script.append(answers(200, b"x" * 100_000))
    limits, timeouts = Limits(connections=1), Timeouts(pool=0.02)
    _, storage = chains.both(limits, timeouts=timeouts, retry=Retry.none())
    reply = await storage(Request("GET", server.url + "/b", stream=True))

    with pytest.raises(APITimeoutError) as caught:
        await storage(put(server))
    assert caught.value.phase == "pool"

    await reply.content.aclose()
    assert (await storage(put(server))).status == 200


class Shut:
    """Slots that are withheld on purpose."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def locked(self) -> bool:
        return True

    async def acquire(self) -> None:
        await asyncio.sleep(self.seconds)

    def release(self) -> None:
        pass


async def test_places_that_are_withheld_on_purpose_are_waited_for(server: RawServer, chains: Chains) -> None:
    chains.both()
    how = SendOptions(timeouts=Timeouts(pool=0.01), retry=Retry.none())
    gates = evolve(SharedLimits.of(Limits(), how.retry), api=Shut(0.1), storage=Shut(0.1))
    (pool,) = chains.pools

    assert (await service_chain(pool, gates, how, server.url, WHO)(GET)).status == 200
    assert (await storage_chain(pool, gates, how)(put(server))).status == 200


async def test_a_total_covers_all_repeats(server: RawServer, chains: Chains) -> None:
    server.script.extend([answers(503)] * 9)
    api, _ = chains.both(retry=Retry(attempts=9, base=1), timeouts=Timeouts(total=0.05))

    with pytest.raises(APITimeoutError) as caught:
        await api(GET)

    assert caught.value.phase == "total"


async def test_an_inner_limit_is_reported_as_such(server: RawServer, chains: Chains) -> None:
    server.script.append(never_answers)
    api, _ = chains.both(retry=Retry.none(), timeouts=Timeouts(response=0.05, total=5))

    with pytest.raises(APITimeoutError) as caught:
        await api(GET)

    assert caught.value.phase == "response"


async def test_a_source_that_changed_is_not_tried_again(server: RawServer, chains: Chains) -> None:
    async def short():
        yield b"ab"

    with pytest.raises(SourceChangedError):
        await chains.both()[1](put(server, Streamed(3, short, name="x")))

    assert len(server.seen) <= 1


async def test_a_repeated_upload_is_whole_each_time(server: RawServer, chains: Chains) -> None:
    async def blocks():
        for _ in range(3):
            yield b"x" * 100_000

    server.script.extend([resets_after_the_request, answers(503)])
    body = Streamed(300_000, blocks, name="x")

    reply = await chains.both()[1](put(server, body))

    assert (reply.status, reply.attempts) == (200, 3)
    assert [len(seen.body) for seen in server.seen] == [300_000] * 3
    assert body.sent == 300_000


async def test_a_rate_spreads_requests(server: RawServer, chains: Chains) -> None:
    api, _ = chains.both(Limits(rate=50))
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(api(GET))

    assert asyncio.get_running_loop().time() - began >= 4 / 50 - 0.005


def test_gates_are_as_wide_as_the_limits() -> None:
    gates = SharedLimits.of(Limits(connections=3, concurrency=32, uploads=4, open_files=5), Retry(budget=7))

    widths = [gates.api, gates.storage, gates.streams, gates.open_files]
    assert [gate._value for gate in widths] == [3, 3, 4, 5]
    assert (gates.budget.tokens, gates.budget.full, gates.pace) == (7, 7, None)


def test_the_user_agent_names_us_and_the_program() -> None:
    assert user_agent(None).startswith("coredata-async/")
    assert " (importer/2) Python/" in user_agent("importer/2")


def test_a_manner_never_shows_its_headers() -> None:
    assert "SECRET" not in repr(SendOptions(headers={"X": "SECRET"}))
