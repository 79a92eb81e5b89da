"""Unexpected exceptions at every step, over both transports: a sent registration is never `Failed`."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from coredata_async import Failed, Unknown, Uploaded
from coredata_async.errors import ConfigurationError, OutcomeUnknownError, RegistrationUncertainError
from coredata_async.message import Reply, Request, Send
from coredata_async.transport import chain, trace
from tests.rig import QUICK

pytestmark = pytest.mark.slow


class BoomError(Exception):
    """An exception that the library does not foresee."""


ERRORS = [BoomError("boom"), OverflowError(), RecursionError(), MemoryError(), ConfigurationError("x")]
"""A `ConfigurationError` after sending is as unforeseen as any other."""


@pytest.fixture(params=["auto", "aiohttp"])
async def client(box, request):
    async with box.client(retry=QUICK, transport=request.param) as client:
        yield client


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    return path


def is_write(request: Request) -> bool:
    return not request.repeatable


def raise_around_the_exchange(monkeypatch, error: BaseException, *, after: bool) -> None:
    real = chain.exchange

    def exchange(*args, **kwargs) -> Send:
        send = real(*args, **kwargs)

        async def through(request: Request) -> Reply:
            if not is_write(request):
                return await send(request)
            if after:
                await send(request)
            raise error

        return through

    monkeypatch.setattr(chain, "exchange", exchange)


def raise_in_the_log(monkeypatch, error: BaseException) -> None:
    genuine = trace._reply_event

    def answered(request: Request, *rest: object) -> object:
        if is_write(request):
            raise error
        return genuine(request, *rest)

    monkeypatch.setattr(trace, "_reply_event", answered)


def raise_in_the_retry(monkeypatch, error: BaseException) -> None:
    genuine = Reply.with_attempts

    def counted(self: Reply, *rest: float) -> Reply:
        if "Location" in self.headers:
            raise error
        return genuine(self, *rest)

    monkeypatch.setattr(Reply, "with_attempts", counted)


PLACES = {
    "before the exchange": partial(raise_around_the_exchange, after=False),
    "after the exchange": partial(raise_around_the_exchange, after=True),
    "in the log": raise_in_the_log,
    "in the retry": raise_in_the_retry,
}


def inject(monkeypatch, when: str, error: BaseException) -> None:
    """Make a layer of the chain raise around the request that is not safe to repeat."""
    PLACES[when](monkeypatch, error)


AFTER = ["after the exchange", "in the log", "in the retry"]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", AFTER)
async def test_an_upload_that_was_registered_is_found(client, box, monkeypatch, when, error) -> None:
    inject(monkeypatch, when, error)
    noisy = client.with_options(hooks=[lambda _: None])

    done = await noisy.files.upload(b"x", parent=box.project, filename="x")

    assert [file.id for file in box.state.files] == [done.file_id]


@pytest.mark.parametrize("when", AFTER)
async def test_an_upload_that_cannot_be_looked_for_is_unknown(client, box, monkeypatch, when) -> None:
    inject(monkeypatch, when, BoomError())
    box.faults.status("files.list", 500, times=None)
    noisy = client.with_options(hooks=[lambda _: None])

    with pytest.raises(RegistrationUncertainError):
        await noisy.files.upload(b"x", parent=box.project, filename="x")


@pytest.mark.parametrize("via", ["storage", "api"])
@pytest.mark.parametrize("when", AFTER)
async def test_an_outcome_after_the_write_is_never_failed(  # noqa: PLR0917
    client, box, monkeypatch, path, when, via
) -> None:
    inject(monkeypatch, when, BoomError())
    box.faults.status("files.list", 500, times=None)
    noisy = client.with_options(hooks=[lambda _: None])

    async with noisy.files.upload_many([path], parent=box.project, via=via) as outcomes:
        (outcome,) = [outcome async for outcome in outcomes]

    assert isinstance(outcome, Unknown)
    assert len(box.state.files) == 1


@pytest.mark.parametrize("via", ["storage", "api"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_an_outcome_before_the_write_is_failed(  # noqa: PLR0917
    client, box, monkeypatch, path, error, via
) -> None:
    inject(monkeypatch, "before the exchange", error)

    async with client.files.upload_many([path], parent=box.project, via=via) as outcomes:
        (outcome,) = [outcome async for outcome in outcomes]

    assert isinstance(outcome, Failed)
    assert outcome.error is error
    assert not box.state.files


@pytest.mark.parametrize("stage", ["reserve", "put", "register"])
async def test_a_progress_callback_that_raises_before_the_write_fails_it(client, box, path, stage) -> None:

    def progress(seen) -> None:
        if seen.stage == stage:
            raise BoomError

    async with client.files.upload_many([path], parent=box.project, progress=progress) as outcomes:
        (outcome,) = [outcome async for outcome in outcomes]

    assert isinstance(outcome, Failed)
    assert not box.state.files


@pytest.mark.parametrize("operation", ["files.register", "files.get"])
async def test_a_hook_that_raises_after_the_write_does_not_fail_it(client, box, path, operation) -> None:
    """While registering, and while the File is read to verify it."""
    method = "POST" if operation == "files.register" else "GET"
    box.faults.hide("storage.put", "ETag")

    def hook(event) -> None:
        if event.method == method and event.path.startswith("/api/v2/files/"):
            raise BoomError

    noisy = client.with_options(hooks=[hook])
    async with noisy.files.upload_many([path], parent=box.project) as outcomes:
        (outcome,) = [outcome async for outcome in outcomes]

    assert isinstance(outcome, (Uploaded, Unknown))
    assert len(box.state.files) == 1


def creations(client, box) -> dict[str, Callable]:
    return {
        "projects": lambda: client.projects.create(space=box.space, title="x"),
        "folders": lambda: client.folders.create(parent=box.project, title="x"),
        "request": lambda: client.request(
            "POST", "/api/v2/folders/", json={"parent": box.project, "title": "x"}, expect=201
        ),
    }


@pytest.mark.parametrize("what", ["projects", "folders", "request"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", ["before the exchange", *AFTER])
async def test_a_creation_is_unknown_once_it_was_sent(  # noqa: PLR0917
    client, box, monkeypatch, when, error, what
) -> None:
    inject(monkeypatch, when, error)
    noisy = client.with_options(hooks=[lambda _: None])

    with pytest.raises(Exception) as caught:  # noqa: PT011
        await creations(noisy, box)[what]()

    if when == "before the exchange":
        assert caught.value is error
    else:
        assert isinstance(caught.value, OutcomeUnknownError)
        assert caught.value.__cause__ is error


async def test_a_cancelled_creation_is_cancelled(client, box, monkeypatch) -> None:
    inject(monkeypatch, "after the exchange", asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        await client.projects.create(space=box.space, title="x")


async def test_an_error_deep_in_a_transport_after_the_first_byte_is_unknown(client, box, monkeypatch) -> None:
    """In the code of either transport that runs when the response has begun."""
    from coredata_async.transport.aiohttp import exchange as over_aiohttp  # noqa: PLC0415
    from coredata_async.transport.http11 import exchange as over_http11  # noqa: PLC0415

    async def read(*_: object, **__: object) -> bytes:
        raise OverflowError

    monkeypatch.setattr(over_aiohttp, "_read", read)
    monkeypatch.setattr(over_http11, "_reply", read)

    with pytest.raises(OutcomeUnknownError, match="OverflowError"):
        await client.projects.create(space=box.space, title="x")


async def test_an_error_deep_in_a_transport_before_the_first_byte_is_raised(client, box, monkeypatch) -> None:
    from coredata_async.transport.aiohttp import exchange as over_aiohttp  # noqa: PLC0415
    from coredata_async.transport.http11.request_head import RequestHeads  # noqa: PLC0415

    def fails(*_: object) -> object:
        raise OverflowError

    monkeypatch.setattr(over_aiohttp, "_body", fails)
    monkeypatch.setattr(RequestHeads, "write", fails)

    with pytest.raises(OverflowError):
        await client.projects.create(space=box.space, title="x")
    assert len(box.state.of("Project")) == 1
