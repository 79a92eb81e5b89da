"""Sources at https URLs: streamed, never redirected, never from a private address."""

import ssl

import pytest

from coredata_async import SourceChangedError, SourceError, Uploaded
from coredata_async.events.errors import SourceUnavailableError
from coredata_async.events.remote import RemoteFiles
from coredata_async.events.sources import SourceRules
from coredata_async.transport.http11.connect import PublicResolver
from tests.transport.conftest import stranger  # noqa: F401  # a fixture
from tests.transport.raw import RawServer, answers, says

CONTENT = b"remote content\n" * 1000


@pytest.fixture
async def server(stranger):  # noqa: F811
    async with RawServer(tls=stranger) as server:
        yield server


@pytest.fixture
async def remote(server, certificate):
    trust = ssl.create_default_context(cafile=str(certificate))
    rules = SourceRules(hosts=[f"127.0.0.1:{server.port}"], networks=["127.0.0.0/8"])
    async with RemoteFiles(rules, ssl=trust) as remote:
        yield remote


async def read(file) -> bytes:
    return b"".join([block async for block in file()])


async def test_a_file_is_streamed_with_its_size(server, remote) -> None:
    server.script += [answers(200, CONTENT), answers(200, CONTENT)]

    file = await remote.open(f"{server.url}/a?Signature=secret", None)

    assert file.size == len(CONTENT)
    assert await read(file) == CONTENT
    assert await read(file) == CONTENT  # for another attempt
    assert "secret" not in repr(file)


async def test_it_becomes_a_file(box, server, remote) -> None:
    server.script += [answers(200, CONTENT)]
    file = await remote.open(f"{server.url}/a", None)

    async with box.client() as client:
        done = await client.files.upload(file, parent=box.project, filename="a", size=file.size)

    assert isinstance(done, Uploaded)
    assert done.size == len(CONTENT)


async def test_no_key_is_sent_along(server, remote) -> None:
    await remote.open(f"{server.url}/a", None)

    assert server.seen[0].all("Authorization") == []


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410])
async def test_a_refusal_and_a_redirect_are_permanent(server, remote, status) -> None:
    server.script += [answers(status, b"secret", Location="https://127.0.0.1/b")]

    with pytest.raises(SourceError, match=str(status)) as found:
        await remote.open(f"{server.url}/a?Signature=secret", None)

    assert not found.value.transient
    assert "secret" not in str(found.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_a_failure_may_pass(server, remote, status) -> None:
    server.script += [answers(status)]

    with pytest.raises(SourceUnavailableError, match=str(status)) as found:
        await remote.open(f"{server.url}/a", None)

    assert found.value.transient


async def test_another_size_than_the_message_says_is_refused(server, remote) -> None:
    server.script += [answers(200, CONTENT)]

    with pytest.raises(SourceError, match="15000 bytes, and the message says 3"):
        await remote.open(f"{server.url}/a", 3)


async def test_compressed_content_is_stored_only_if_its_size_or_digest_proves_that_it_is_meant(
    server, remote
) -> None:
    server.script += [answers(200, CONTENT, Content_Encoding="gzip") for _ in range(3)]

    with pytest.raises(SourceError, match=r"sends it compressed \(gzip\)") as found:
        await remote.open(f"{server.url}/a", None)
    sized = await read(await remote.open(f"{server.url}/a", len(CONTENT)))
    digested = await read(await remote.open(f"{server.url}/a", None, has_digest=True))

    assert not found.value.transient
    assert sized == digested == CONTENT


async def test_a_body_that_is_cut_short_may_pass(server, remote) -> None:
    server.script += [says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")]
    file = await remote.open(f"{server.url}/a", None)

    with pytest.raises(SourceUnavailableError):
        await read(file)


async def test_a_file_that_changes_between_two_attempts_is_noticed(server, remote) -> None:
    server.script += [answers(200, CONTENT, ETag='"1"'), answers(200, CONTENT, ETag='"2"')]
    file = await remote.open(f"{server.url}/a", None)
    await read(file)

    with pytest.raises(SourceChangedError):
        await read(file)


async def test_a_private_address_is_refused_before_a_connection(server, certificate) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    rules = SourceRules(hosts=[f"127.0.0.1:{server.port}", f"localhost:{server.port}"])
    async with RemoteFiles(rules, ssl=trust) as remote:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(SourceError, match="private address") as found:
                await remote.open(f"https://{host}:{server.port}/a", None)
            assert not found.value.transient

    assert server.lines == 0


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::", "ff02::1"),
        *("64:ff9b::a00:1", "2002:a00:1::", "::ffff:0:a00:1", "fec0::1", "64:ff9b:1::1", "::a00:1"),
    ],
)
async def test_addresses_that_are_not_public_are_refused(address) -> None:
    with pytest.raises(OSError, match="has a private address"):
        await PublicResolver().addresses(address, 443)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
async def test_public_addresses_are_allowed(address) -> None:
    assert await PublicResolver().addresses(address, 443)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "."])
async def test_a_name_that_cannot_be_one_is_an_error_of_the_source(host) -> None:
    async with RemoteFiles(SourceRules(hosts=[host])) as remote:
        with pytest.raises(SourceError):
            await remote.open(f"https://{host}/a", None)
