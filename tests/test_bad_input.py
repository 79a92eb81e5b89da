"""Mistakes of callers and servers: error class, helpful message, no secret, no leftovers."""

import os
import tempfile

import pytest

from coredata_async import (
    APIConnectionError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    ConflictError,
    CoreData,
    NotFoundError,
    OutcomeUnknownError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    ServerError,
    SourceChangedError,
    SourceError,
    StorageError,
    UnexpectedResponseError,
)
from tests.ports import reserve_port
from tests.rig import Leftovers, once, some_bytes
from tests.test_secrets import SECRETS, shown

MISSING = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"
KEYS = {"api_user": "u", "api_key": "s3" + "cr3t"}


@pytest.fixture(autouse=True)
async def nothing_left_open(left_over):
    yield
    assert left_over() == {}


@pytest.fixture
def fails(far):
    """Expect an error of a class, with a message, and without a secret."""

    async def check(made, error, words):
        with pytest.raises(error, match=words) as caught:
            await made
        report = shown(caught.value)
        assert far.api_key not in report
        assert not SECRETS.search(report)
        return caught.value

    return check


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        (None, KEYS, "COREDATA_BASE_URL"),
        ("", KEYS, "base_url is missing"),
        ("https://t.coredata.is", {}, "COREDATA_API_KEY"),
        ("https://t.coredata.is", {"api_user": "u"}, "COREDATA_API_KEY"),
        ("https://t.coredata.is", {**KEYS, "api_key": ""}, "api_user and api_key are missing"),
        ("http://t.coredata.is", KEYS, "https://"),
        ("ftp://t.coredata.is", KEYS, "must look like"),
        ("t.coredata.is", KEYS, "must look like"),
        ("https://u:p@t.coredata.is", KEYS, "without a user name"),
        ("https://t.coredata.is/api/v2/", KEYS, "consist of scheme and host"),
        ("https://t.coredata.is?x=y", KEYS, "consist of scheme and host"),
        ("https://t.coredata.is", {**KEYS, "api_user": "a:b"}, "colon"),
        ("https://t.coredata.is", {**KEYS, "api_key": "with space"}, "api_key"),
        ("https://t.coredata.is", {**KEYS, "api_key": "é"}, "api_key"),
    ],
)
def test_a_client_that_cannot_work_is_not_made(url, options, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        CoreData(url, **options)

    assert KEYS["api_key"] not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])
def test_plain_http_is_for_loopback(url):
    assert not CoreData(url, **KEYS).closed


@pytest.mark.parametrize("key", ["", " ", "a/b", "a\\b", "..", ".", "a?b", "a#b", "a b", "a\nb", None, 7])
@pytest.mark.parametrize("verb", ["get", "update", "delete"])
async def test_an_invalid_id(far, far_client, fails, key, verb):
    await fails(getattr(far_client.projects, verb)(key), ConfigurationError, "id")
    await fails(getattr(far_client.files, verb)(key), ConfigurationError, "id")

    assert not far.state.requests


@pytest.mark.parametrize("size", [10, 200_000])
async def test_a_file_in_text_mode(far, far_client, tmp_path, size):
    path = tmp_path / "a.txt"
    path.write_text("a" * size)

    with path.open() as file, pytest.raises(TypeError, match="'rb'"):
        await far_client.files.upload(file, parent=far.project)

    assert not far.state.requests


async def test_a_file_that_is_not_there(far, far_client, fails, tmp_path):
    await fails(
        far_client.files.upload(tmp_path / "gone", parent=far.project), SourceError, "No such file.*exists"
    )

    assert not far.state.requests


async def test_a_folder(far, far_client, fails, tmp_path):
    await fails(far_client.files.upload(tmp_path, parent=far.project), SourceError, "upload_many")


async def test_a_pipe(far, far_client, fails, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    await fails(far_client.files.upload(tmp_path / "pipe", parent=far.project), SourceError, "iterable")


@pytest.mark.parametrize("size", [10, 200_000, 3_000_000])
async def test_an_unreadable_file(far, far_client, fails, tmp_path, *, monkeypatch, size):
    path = tmp_path / "locked"
    path.write_bytes(b"x" * size)

    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("coredata_async.storage.paths.os.open", refused)

    await fails(far_client.files.upload(path, parent=far.project), SourceError, "Permission denied")
    assert not far.state.files


@pytest.mark.parametrize("after", [b"grown, and more", b"s"])
@pytest.mark.parametrize("size", [100_000, 3_000_000])
async def test_a_file_that_changes_between_look_and_read(far, far_client, fails, tmp_path, *, after, size):
    path = tmp_path / "a"
    path.write_bytes(b"x" * size)

    def progress(report):
        if report.stage == "reserve":
            path.write_bytes(after * (size if len(after) > 1 else 1))

    if size > 1 << 20:  # a smaller one was read before the first report
        await fails(
            far_client.files.upload(path, parent=far.project, progress=progress),
            SourceChangedError,
            "changed",
        )
        assert not far.state.files
    else:
        up = await far_client.files.upload(path, parent=far.project, progress=progress)
        assert up.size == size


async def test_a_file_that_vanishes_before_it_is_sent(far, far_client, fails, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)

    def progress(report):
        if report.stage == "put" and path.exists():
            path.unlink()

    await fails(
        far_client.files.upload(path, parent=far.project, progress=progress), SourceError, "cannot be read"
    )
    assert not far.state.files


@pytest.mark.parametrize("source", [42, None, object(), {"a": 1}, "\0"])
@pytest.mark.parametrize("via", ["storage", "api"])
async def test_what_is_not_a_source(far, far_client, source, via):
    with pytest.raises((TypeError, ValueError, SourceError)):
        await far_client.files.upload(source, parent=far.project, filename="x", via=via)

    assert not far.state.files


@pytest.mark.parametrize("size", [None, 5])
async def test_a_generator_that_breaks(far, far_client, size):
    async def broken():
        yield b"abc"
        raise LookupError("the tape is torn")

    with pytest.raises(LookupError, match="torn"):
        await far_client.files.upload(broken(), size=size, parent=far.project, filename="x")

    assert not far.state.files


@pytest.mark.parametrize(
    ("operation", "due", "given"),
    [("projects.create", 201, 200), ("projects.get", 200, 201), ("projects.delete", 204, 200)],
)
async def test_a_success_that_is_not_the_one_due(far, far_client, fails, *, operation, due, given):
    far.faults.status(operation, given)
    made = {
        "projects.create": lambda: far_client.projects.create(space=far.space, title="x"),
        "projects.get": lambda: far_client.projects.get(far.project),
        "projects.delete": lambda: far_client.projects.delete(far.project),
    }[operation]()

    kind = OutcomeUnknownError if operation == "projects.create" else UnexpectedResponseError
    error = await fails(made, kind, f"{given}.*{due} was expected")
    if kind is UnexpectedResponseError:
        assert error.status == given


async def test_a_web_page(far, far_client, fails):
    far.faults.html("projects.get")

    error = await fails(far_client.projects.get(far.project), UnexpectedResponseError, "HTML page.*login")
    assert error.body.startswith("<!DOCTYPE")


async def test_half_of_the_json(far, far_client, fails):
    far.faults.broken_json("projects.get")

    await fails(far_client.projects.get(far.project), UnexpectedResponseError, "truncated")


async def test_a_body_that_is_cut_short(far, far_client, fails):
    far.faults.truncate("projects.get", 20, times=None)

    await fails(far_client.projects.get(far.project), APIConnectionError, "cut short")


async def test_a_body_that_is_cut_short_once_is_asked_again(far, far_client):
    far.faults.truncate("projects.get", 20)

    assert (await far_client.projects.get(far.project)).id == far.project


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, AuthenticationError, "api_key_v3"),
        (403, PermissionDeniedError, "right"),
        (404, NotFoundError, "id"),
        (409, ConflictError, "read the document again"),
        (413, PayloadTooLargeError, "storage"),
        (429, RateLimitError, "Limits"),
        (500, ServerError, "500"),
        (502, ServerError, "502"),
        (599, ServerError, "599"),
    ],
)
@pytest.mark.parametrize("operation", ["projects.get", "blobs.reserve"])
async def test_a_refusal(far, far_client, fails, *, operation, status, error, words):
    far.faults.status(operation, status, times=None, body=f'{{"error_message": "no, {far.api_key}"}}')
    made = (
        far_client.projects.get(far.project)
        if operation == "projects.get"
        else far_client.files.upload(b"x", parent=far.project, filename="x")
    )

    caught = await fails(made, error, words)
    assert (caught.status, caught.message) == (status, "no, ***")


async def test_a_wrong_key(far, fails):
    async with far.client(api_key="wrong", retry=Retry.none()) as client:
        await fails(client.spaces.list(), AuthenticationError, "check api_user and api_key")


async def test_an_unreachable_server(fails):
    async with CoreData(f"http://127.0.0.1:{reserve_port()}", **KEYS, retry=Retry.none()) as client:
        await fails(client.spaces.list(), APIConnectionError, "cannot connect")


async def test_a_storage_that_refuses(far, far_client, fails):
    far.faults.status("storage.put", 403, body="<Error><Code>SignatureDoesNotMatch</Code></Error>")

    await fails(
        far_client.files.upload(some_bytes(3_000_000), parent=far.project, filename="x"),
        StorageError,
        "proxy",
    )


async def test_bytes_that_are_not_those(far, far_client, fails, tmp_path):
    far.faults.corrupt("storage.put", 1, times=None)

    await fails(
        far_client.files.upload(b"abc", parent=far.project, filename="x"),
        ChecksumMismatchError,
        "other bytes",
    )


async def test_a_spool_on_a_full_disk(far, far_client, monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    with pytest.raises(SourceError, match=r"cannot be spooled.*No space left.*TMPDIR"):
        await far_client.files.upload(once(some_bytes(3_000_000)), parent=far.project, filename="x")


def test_the_check_for_leftovers_sees_an_open_file(tmp_path):
    before = Leftovers(tasks=frozenset())
    path = tmp_path / "open"
    path.write_bytes(b"")

    with path.open():
        assert before.files != Leftovers(tasks=frozenset()).files
