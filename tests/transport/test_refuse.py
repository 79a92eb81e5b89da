"""Requests that must never be sent."""

import pickle

import pytest

from coredata_async.errors import ConfigurationError, StorageError
from coredata_async.message import Reply, Request
from coredata_async.transport.refuse import is_private_line, only_paths, only_signed


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.coredata.is",
        "HTTPS://acme.coredata.is:8443/x",
        "http://localhost",
        "HTTP://LOCALHOST:8080/x?y",
        "http://127.0.0.1:1",
        "http://127.0.0.2",
        "http://127.255.255.254/x",
        "http://[::1]:8080/",
    ],
)
def test_an_encrypted_connection_is_private(url: str) -> None:
    assert is_private_line(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.coredata.is",
        "HTTP://acme.coredata.is",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[fe80::1]",
        "http://[::]",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://evil.com/127.0.0.1",
        "http://127.0.0.1@evil.com",
        "http://localhost:x@evil.com",
        "http://evil.com#localhost",
        "http://evil.com?localhost",
        "http://127.1",
        "http://2130706433",
        "http://",
        "http://[::1",
        "http://[v1.x]/",
        "ftp://localhost",
        "ws://127.0.0.1",
        "//localhost",
        "localhost",
        "",
    ],
)
def test_any_other_line_is_not(url: str) -> None:
    assert not is_private_line(url)


async def answer(_: Request) -> Reply:
    return Reply(200)


@pytest.mark.parametrize("target", ["/api/v2/files/", "/", "/api/?next=https://x", "/a//b", "/@evil.com/"])
async def test_a_path_goes_to_the_service(target: str) -> None:
    assert (await only_paths(answer)(Request("GET", target))).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.com/api/?SECRET",
        "//evil.com/?SECRET",
        "http://127.0.0.1/",
        "api/v2/",
        "",
        "@evil.com/",
        ".evil.com",
    ],
)
async def test_a_target_with_a_host_of_its_own_never_gets_the_key(target: str) -> None:
    with pytest.raises(ConfigurationError, match="not a path of the service") as caught:
        await only_paths(answer)(Request("GET", target))

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("target", ["https://t.example/b?Signature=s", "http://127.0.0.1:1/b?Signature=s"])
async def test_a_signed_url_goes_to_the_storage(target: str) -> None:
    assert (await only_signed(answer)(Request("PUT", target, {"Content-Type": "x"}))).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "http://t.example/b?Signature=SECRET",
        "https://user:SECRET@t.example/b",
        "https://user@t.example/b?Signature=SECRET",
        "https://@t.example/b?Signature=SECRET",
        "http://127.0.0.1\\@evil.com/b?Signature=SECRET",
        "http://[broken/b?Signature=SECRET",
        "https://[broken/b?Signature=SECRET",
        "file:///etc/passwd",
        "/b?Signature=SECRET",
        "",
    ],
)
@pytest.mark.parametrize(("method", "stage"), [("PUT", "put"), ("GET", "get")])
async def test_any_other_url_is_refused(target: str, method: str, stage: str) -> None:
    with pytest.raises(StorageError, match=f"refused {method}") as caught:
        await only_signed(answer)(Request(method, target))

    assert caught.value.stage == stage
    assert b"SECRET" not in pickle.dumps(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "COOKIE"])
async def test_a_credential_of_the_service_never_goes_to_the_storage(name: str) -> None:
    with pytest.raises(StorageError, match="must not go to the storage") as caught:
        await only_signed(answer)(Request("PUT", "https://t.example/b", {name: "SECRET"}))

    assert "SECRET" not in str(caught.value)
