"""Retries: conditions, exceptions and cost; nothing here waits."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.config import Retry
from coredata_async.errors import APIConnectionError, APITimeoutError, CoreDataError
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.response_table import is_transient
from coredata_async.secret import Secret
from coredata_async.storage.bodies import Streamed, WrappedBody
from coredata_async.transport.retry import Budget, retry, wait_before_repeat, within

GET = Request("GET", "/api/")
POST = Request("POST", "/api/", repeatable=False)
POLICY = Retry(attempts=5, base=1, cap=20, max_retry_after=60)
LOST = APIConnectionError("lost", GET)
NEVER_SENT = APIConnectionError("refused", GET, reached=False)
NO_CERTIFICATE = APIConnectionError("tls", GET, reached=False, permanent=True)
DATE = "Fri, 02 Jan 2026 12:00:00 GMT"


def after(status: int, wish: str, **headers: str) -> Reply:
    return Reply(status, {"Retry-After": wish, **headers})


@pytest.mark.parametrize(
    ("request_", "outcome", "waits"),
    [
        (GET, Reply(503), 1),
        (GET, Reply(500), 1),
        (GET, Reply(429), 1),
        (GET, after(429, "7"), 7),
        (GET, after(503, "0"), 0),
        (GET, after(503, "1.5"), 1.5),
        (GET, after(503, "60"), 60),
        (GET, after(503, "61"), None),
        (GET, after(503, "soon"), 1),
        (GET, after(503, "-5"), 1),
        (GET, after(503, "Fri, 02 Jan 2026 12:00:09 GMT", Date=DATE), 9),
        (GET, after(503, "Fri, 02 Jan 2026 11:00:00 GMT", Date=DATE), 0),
        (GET, after(503, "Fri, 02 Jan 2026 13:00:00 GMT", Date=DATE), None),
        (GET, after(503, "Fri, 02 Jan 2026 12:00:09 GMT"), 1),
        (GET, LOST, 1),
        (GET, NEVER_SENT, 1),
        (GET, NO_CERTIFICATE, None),
        (POST, Reply(429), 1),
        (POST, after(429, "7"), 7),
        (GET, Reply(524), 1),
        (GET, Reply(599), 1),
        (GET, Reply(501), None),
        (POST, Reply(425), None),
        (POST, after(503, "7"), None),
        (POST, Reply(524), None),
        (POST, Reply(503), None),
        (POST, Reply(500), None),
        (POST, Reply(502), None),
        (POST, Reply(504), None),
        (POST, Reply(408), None),
        (POST, after(500, "7"), None),
        (POST, LOST, None),
        (POST, NEVER_SENT, 1),
        (POST, NO_CERTIFICATE, None),
        (POST, APITimeoutError("pool", POST, phase="pool", reached=False), 1),
        (POST, APITimeoutError("response", POST, phase="response"), None),
        (GET, APITimeoutError("response", GET, phase="response"), 1),
    ],
)
def test_what_is_repeated_and_after_how_long(
    request_: Request, outcome: Reply | APIConnectionError, waits: float | None
) -> None:
    """With jitter 0, the own delay is half of the backoff, and a requested delay is used unchanged."""
    own = outcome.retry_after is None if isinstance(outcome, Reply) else True
    expected = waits if waits is None or not own else waits / 2

    assert wait_before_repeat(POLICY, request_, outcome, 1, 0) == expected


@given(st.integers(1, 200), st.floats(0, 1))
def test_the_wait_doubles_up_to_a_cap_and_ends(attempt: int, jitter: float) -> None:
    wait = wait_before_repeat(POLICY, GET, LOST, attempt, jitter)

    if attempt >= 5:
        assert wait is None
    else:
        most = min(20, 2 ** (attempt - 1))
        assert wait is not None
        assert most / 2 <= wait <= most


@given(st.floats(0, 1), st.floats(0, 60))
def test_a_server_is_never_asked_earlier_than_it_wished(jitter: float, wish: float) -> None:
    wait = wait_before_repeat(POLICY, GET, after(503, f"{wish:.3f}"), 1, jitter)

    assert wait is not None
    assert float(f"{wish:.3f}") <= wait <= 66


def test_a_body_that_is_spent_is_not_sent_again() -> None:
    async def blocks():
        yield b""

    once = Streamed(0, blocks, name="x", replayable=False)
    request = Request("PUT", "/", body=once)
    framed = Request("POST", "/", body=WrappedBody(b"", once, b""))
    assert wait_before_repeat(POLICY, request, NEVER_SENT, 1, 0) is not None

    once._begun = True

    for each in (request, framed):
        for outcome in (NEVER_SENT, LOST, Reply(503), after(429, "1")):
            assert wait_before_repeat(POLICY, each, outcome, 1, 0) is None


class Far:
    """Plays outcomes in order. Its clock advances by the time slept, and one second per attempt."""

    def __init__(self, *outcomes: Reply | Exception) -> None:
        self.outcomes = list(outcomes)
        self.now = 100.0
        self.slept: list[float] = []

    async def send(self, _: Request) -> Reply:
        self.now += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retrying(self, policy: Retry = POLICY, budget: Budget | None = None) -> Send:
        return retry(
            self.send,
            policy,
            budget or Budget(500, 500),
            sleep=self.sleep,
            jitter=lambda: 1,
            clock=lambda: self.now,
        )


async def test_a_first_success_is_one_attempt() -> None:
    far = Far(Reply(200, body=b"x"))

    reply = await far.retrying()(GET)

    assert (reply.body, reply.attempts, reply.elapsed, far.slept) == (b"x", 1, 1, [])


async def test_a_later_success_says_how_many_attempts_and_how_long() -> None:
    far = Far(Reply(503), LOST, Reply(200))

    reply = await far.retrying()(GET)

    assert (reply.status, reply.attempts, reply.elapsed, far.slept) == (200, 3, 6, [1, 2])


async def test_the_last_reply_is_given_as_it_came() -> None:
    far = Far(*[Reply(503, body=b"busy")] * 5)

    reply = await far.retrying()(GET)

    assert (reply.status, reply.body, reply.attempts, far.slept) == (503, b"busy", 5, [1, 2, 4, 8])


async def test_the_last_error_says_how_many_attempts_and_how_long() -> None:
    far = Far(APIConnectionError("a", GET), APIConnectionError("b", GET))

    with pytest.raises(APIConnectionError, match="b") as caught:
        await far.retrying(Retry(attempts=2, base=1))(GET)

    assert (caught.value.attempts, caught.value.elapsed) == (2, 3)


async def test_what_will_not_pass_is_not_repeated() -> None:
    for status in [status for status in range(200, 600) if not is_transient(status)]:
        assert (await Far(Reply(status)).retrying()(GET)).attempts == 1


@pytest.mark.parametrize("error", [CoreDataError("closed"), ValueError("mine"), TimeoutError(), OSError()])
async def test_only_lost_connections_are_repeated(error: Exception) -> None:
    far = Far(error)

    with pytest.raises(type(error)):
        await far.retrying()(GET)

    assert far.slept == []


async def test_no_retries_send_once() -> None:
    far = Far(Reply(503))

    assert (await far.retrying(Retry.none())(GET)).attempts == 1


async def test_a_dead_server_empties_the_budget() -> None:
    far, budget = Far(*[Reply(500)] * 9), Budget(30, 500)
    send = far.retrying(budget=budget)

    assert [(await send(GET)).attempts for _ in range(3)] == [3, 1, 1]
    assert budget.tokens == 2


async def test_a_server_that_asks_to_wait_costs_less() -> None:
    far, budget = Far(*[after(429, "1")] * 9), Budget(14, 500)
    send = far.retrying(budget=budget)

    assert [(await send(GET)).attempts for _ in range(2)] == [3, 1]
    assert budget.tokens == 4


async def test_answers_fill_the_budget_again() -> None:
    far, budget = Far(Reply(200), Reply(404), Reply(200), Reply(503)), Budget(0, 2)
    send = far.retrying(budget=budget)

    for _ in range(3):
        await send(GET)

    assert budget.tokens == 2
    assert (await send(GET)).attempts == 1


@given(st.lists(st.sampled_from(["spend", "refund"])), st.floats(0, 100))
def test_a_budget_stays_between_nothing_and_full(steps: list[str], full: float) -> None:
    budget = Budget(full, full)
    doing: dict[str, Callable[[], object]] = {"spend": lambda: budget.spend(14), "refund": budget.refund}

    for step in steps:
        doing[step]()
        assert 0 <= budget.tokens <= full


async def test_each_repeat_is_logged_at_info_without_query_and_secrets(caplog) -> None:
    caplog.set_level(logging.INFO, "coredata_async")
    far = Far(Reply(503), LOST, Reply(200))
    redactor = Redactor((Secret("S3CRET"),))
    request = Request("GET", "/api/v2/S3CRET/\x1b?title=S3CRET")

    await retry(far.send, POLICY, Budget(500, 500), redactor=redactor, sleep=far.sleep, jitter=lambda: 1)(
        request
    )

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "GET /api/v2/***/\\x1b: attempt 1 failed (503), repeated in 1.00 s"),
        ("INFO", "GET /api/v2/***/\\x1b: attempt 2 failed (APIConnectionError), repeated in 2.00 s"),
    ]


async def test_each_attempt_has_its_number() -> None:
    numbers: list[int] = []

    async def send(request: Request) -> Reply:
        numbers.append(request.attempt)
        return Reply(503 if len(numbers) < 3 else 200)

    await retry(send, POLICY, Budget(500, 500), sleep=Far().sleep, jitter=lambda: 1)(GET)

    assert numbers == [1, 2, 3]


GET = Request("GET", "/api/?key=SECRET")


def raising(exc: BaseException) -> Send:
    async def send(_: Request) -> Reply:
        raise exc

    return send


async def silent(_: Request) -> Reply:
    await asyncio.Event().wait()
    raise AssertionError


async def test_what_takes_too_long_is_given_up() -> None:
    with pytest.raises(APITimeoutError, match=r"GET /api/: not done within Timeouts\.total") as caught:
        await within(silent, 0.01)(GET)

    assert (caught.value.phase, caught.value.reached) == ("total", True)
    assert "SECRET" not in str(caught.value)


async def test_an_inner_limit_keeps_its_phase() -> None:
    inner = APITimeoutError("x", GET, phase="stall")

    with pytest.raises(APITimeoutError) as caught:
        await within(raising(inner), 5)(GET)

    assert caught.value is inner


async def test_a_timeout_of_the_source_is_not_ours() -> None:
    with pytest.raises(TimeoutError, match="mine") as caught:
        await within(raising(TimeoutError("mine")), 5)(GET)

    assert type(caught.value) is TimeoutError


async def test_a_cancellation_stays_one() -> None:
    task = asyncio.create_task(within(silent, 5)(GET))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()


def test_no_limit_adds_nothing() -> None:
    assert within(silent, None) is silent
