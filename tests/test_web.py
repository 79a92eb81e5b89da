"""Statuses for errors, limits for bodies, and a download as an ASGI application, without a framework."""

import asyncio

import pytest

from coredata_async import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ChecksumMismatchError,
    ConfigurationError,
    ConflictError,
    CoreDataError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    RegistrationUncertainError,
    ServerError,
    SourceError,
    StaleSnapshotError,
    StorageError,
    UnexpectedResponseError,
    UnprocessableEntityError,
    URLExpiredError,
)
from coredata_async.message import Reply, Request
from coredata_async.web import ASGIDownload, BodyTooLargeError, check_length, limit_body, problem_of
from tests.rig import md5, once, some_bytes

DATA = some_bytes(300_000)
REQUEST = Request("GET", "/api/v2/files/1/")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("m"), 400),
        (SourceError("m", stage="source"), 400),
        (BodyTooLargeError("m", stage="source"), 413),
        (OutcomeUnknownError("m", REQUEST), 504),
        (APITimeoutError("m", REQUEST, phase="response"), 504),
        (APITimeoutError("m", REQUEST, phase="pool"), 503),
        (APIConnectionError("m", REQUEST), 502),
        (UnexpectedResponseError("m", REQUEST, Reply(200)), 502),
        (StorageError("m", stage="get"), 502),
        (URLExpiredError("m", stage="get"), 502),
        (ChecksumMismatchError("m", stage="get", expected="a", actual="b"), 502),
        (CoreDataError("m"), 500),
    ],
)
def test_errors_have_a_status(error, status):
    assert problem_of(error).status == status


@pytest.mark.parametrize(
    ("kind", "upstream", "status"),
    [
        (BadRequestError, 400, 400),
        (AuthenticationError, 401, 502),
        (PermissionDeniedError, 403, 403),
        (NotFoundError, 404, 404),
        (ConflictError, 409, 409),
        (StaleSnapshotError, 409, 409),
        (PayloadTooLargeError, 413, 413),
        (UnprocessableEntityError, 422, 422),
        (ServerError, 500, 502),
        (ServerError, 503, 503),
    ],
)
def test_what_the_service_answered_has_a_status(kind, upstream, status):
    problem = problem_of(kind("secret detail", REQUEST, Reply(upstream)))

    assert problem.status == status
    assert problem.headers == {}
    assert "detail" not in str(problem.to_dict())


@pytest.mark.parametrize(("said", "after"), [("7", "7"), ("0.2", "1"), ("", "1"), ("9" * 400, "1000000000")])
def test_a_rate_limit_is_passed_on_with_the_time_to_wait(said, after):
    problem = problem_of(RateLimitError("m", REQUEST, Reply(429, {"Retry-After": said})))

    assert (problem.status, problem.headers) == (503, {"Retry-After": after})


def test_an_unknown_outcome_says_so():
    problem = problem_of(RegistrationUncertainError.__new__(RegistrationUncertainError, "m"))

    assert problem.status == 504
    assert "unknown" in problem.title


@pytest.mark.parametrize(("header", "size"), [(None, None), ("x", None), ("٣", None), ("0", 0), ("10", 10)])
def test_a_length_is_read(header, size):
    assert check_length(header, 10) == size


def test_zeros_before_a_length_do_not_hide_it():
    with pytest.raises(BodyTooLargeError, match="11 bytes"):
        check_length("0" * 30 + "11", 10)


def test_a_length_over_the_maximum_is_refused():
    with pytest.raises(BodyTooLargeError, match="11 bytes"):
        check_length("11", 10)
    with pytest.raises(BodyTooLargeError):
        check_length("1" * 5000, 10)


async def test_a_body_is_limited():
    assert b"".join([each async for each in limit_body(once(b"12345", b"67890"), 10)]) == b"1234567890"
    with pytest.raises(BodyTooLargeError):
        [each async for each in limit_body(once(b"12345", b"678901"), 10)]


class Exchange:
    """Send one request to an ASGI application, and return its response."""

    def __init__(self, method="GET"):
        self.scope = {"type": "http", "method": method}
        self.sent = []
        self.received = 0
        self.disconnect = asyncio.Event()
        self.begun = asyncio.Event()

    async def receive(self):
        self.received += 1
        if self.received == 1:
            return {"type": "http.request"}
        await self.disconnect.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)
        if message.get("body"):
            self.begun.set()

    async def run(self, app):
        await app(self.scope, self.receive, self.send)

    @property
    def body(self):
        return b"".join(each.get("body", b"") for each in self.sent)


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="a.bin")).file_id


async def test_an_asgi_download_answers(client, file):
    exchange = Exchange()

    await exchange.run(ASGIDownload(client.files.download(file, range="bytes=5-"), inline=True))

    start = exchange.sent[0]
    assert start["status"] == 206
    assert (b"etag", f'"{md5(DATA)}"'.encode()) in start["headers"]
    assert (b"content-disposition", b'inline; filename="a.bin"') in start["headers"]
    assert exchange.body == DATA[5:]
    assert not exchange.sent[-1].get("more_body")


async def test_an_asgi_download_answers_head_without_reading(client, file):
    exchange = Exchange("HEAD")

    await exchange.run(ASGIDownload(client.files.download(file)))

    assert (b"content-length", b"300000") in exchange.sent[0]["headers"]
    assert exchange.body == b""


async def test_an_error_before_the_first_byte_is_raised_before_the_response(client):
    exchange = Exchange()

    with pytest.raises(NotFoundError):
        await exchange.run(ASGIDownload(client.files.download("2bb7fb5e-8ef6-11e6-89e1-87ce876944be")))
    assert exchange.sent == []


async def test_a_later_error_is_raised_as_itself_and_the_response_has_no_end(client, box, file):
    box.faults.corrupt("storage.get", 10)
    exchange = Exchange()

    with pytest.raises(ChecksumMismatchError):
        await exchange.run(ASGIDownload(client.files.download(file)))
    assert exchange.sent[-1].get("more_body", True)


async def test_a_disconnect_ends_a_download_that_has_not_begun(far_client, far, left_over):
    file = (await far_client.files.upload(DATA, parent=far.project, filename="a.bin")).file_id
    far.faults.delay("storage.get", 20)
    exchange = Exchange()
    exchange.disconnect.set()

    async with asyncio.timeout(5):
        await exchange.run(ASGIDownload(far_client.files.download(file)))

    assert exchange.sent == []
    assert left_over() == {}


async def test_a_disconnect_ends_the_download(far_client, far, left_over):
    data = some_bytes(3_000_000)  # the last block is held back, so there must be several before it
    file = (await far_client.files.upload(data, parent=far.project, filename="a.bin")).file_id
    far.faults.stall("storage.get", 2_000_000)
    exchange = Exchange()

    async with asyncio.timeout(5):
        running = asyncio.create_task(exchange.run(ASGIDownload(far_client.files.download(file))))
        await exchange.begun.wait()
        exchange.disconnect.set()
        await running

    assert left_over() == {}
