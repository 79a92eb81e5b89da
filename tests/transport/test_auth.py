"""Credentials: in the right form, only to the service, never shown; requests that must never be sent."""

import pickle

import pytest

from coredata_async import CoreData
from coredata_async.environment import base_address
from coredata_async.errors import ConfigurationError, StorageError
from coredata_async.fivepm import FivePM
from coredata_async.message import Reply, Request
from coredata_async.redaction import NO_SECRETS, Redactor
from coredata_async.transport.auth import Credentials, guard_service, guard_storage, is_private_line

WHO = Credentials("kari@acme.is", "k3y/two+", "k3y-three=")


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/api/v2/files/", "apikey kari@acme.is:k3y/two+"),
        ("/api/v2/files/?x=/api/v3/", "apikey kari@acme.is:k3y/two+"),
        ("/api/v3/blobs/", "apikey k3y-three="),
        ("/api/v3", "apikey kari@acme.is:k3y/two+"),
        ("/elsewhere/", "apikey kari@acme.is:k3y/two+"),
    ],
)
async def test_each_version_gets_its_own_form(path: str, header: str) -> None:
    seen = []

    async def send(request: Request) -> Reply:
        seen.append(request)
        return Reply(200)

    request = Request("GET", path, {"Accept": "x"})
    await guard_service(send, NO_SECRETS, WHO)(request)

    assert seen[0].headers == {"Accept": "x", "Authorization": header}
    assert request.headers == {"Accept": "x"}


async def test_a_request_carries_what_masks_both_keys() -> None:
    seen = []

    async def send(request: Request) -> Reply:
        seen.append(request)
        return Reply(200)

    await guard_service(send, Redactor((WHO.key, WHO.key_v3)), WHO)(Request("GET", "/api/"))

    text = "bad key k3y/two+ of kari@acme.is, or k3y-three= (k3y/two+)"
    assert seen[0].redactor(text) == "bad key *** of kari@acme.is, or *** (***)"


def test_a_repr_hides_the_keys() -> None:
    assert repr(WHO) == "Credentials(user='kari@acme.is', key=Secret('***'), key_v3=Secret('***'))"
    assert "k3y" not in f"{WHO} {WHO!s}"


@pytest.mark.parametrize("odd", ["a b", "a\nb", "a\r\nX", "a\0b", "ké", "a\tb", " ", "a\x7f"])
def test_odd_characters_are_refused_without_being_shown(odd: str) -> None:
    for wrong in ((odd, "k", "k"), ("u", odd, "k"), ("u", "k", odd)):
        with pytest.raises(ConfigurationError) as caught:
            Credentials(*wrong)
        assert "contains a space, a line break or a character that is not printable ASCII" in str(
            caught.value
        )


def test_a_user_with_a_colon_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="api_user must not contain a colon"):
        Credentials("a:b", "k", "k")
    assert Credentials("a", "b:c", "d:e").header("/api/v2/") == "apikey a:b:c"


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
    assert (await guard_service(answer, NO_SECRETS)(Request("GET", target))).status == 200


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
        await guard_service(answer, NO_SECRETS)(Request("GET", target))

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("target", ["https://t.example/b?Signature=s", "http://127.0.0.1:1/b?Signature=s"])
async def test_a_signed_url_goes_to_the_storage(target: str) -> None:
    assert (
        await guard_storage(answer, NO_SECRETS)(Request("PUT", target, {"Content-Type": "x"}))
    ).status == 200


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
        await guard_storage(answer, NO_SECRETS)(Request(method, target))

    assert caught.value.stage == stage
    assert b"SECRET" not in pickle.dumps(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "COOKIE"])
async def test_a_credential_of_the_service_never_goes_to_the_storage(name: str) -> None:
    with pytest.raises(StorageError, match="must not go to the storage") as caught:
        await guard_storage(answer, NO_SECRETS)(Request("PUT", "https://t.example/b", {name: "SECRET"}))

    assert "SECRET" not in str(caught.value)


MALFORMED = (
    "[::1]evil.com",
    "[::1]evil.com:80",
    "[::1].evil.com",
    "evil.com[::1]",
    "[::1]:80@evil.com",
    "[::1",
    "::1]",
    "[]",
    "[v1.x]",
    "evil.com\\",
    "evil.com\\@evil.is",
    "evil.com\\.evil.is",
    "localhost:80:90",
    "localhost:99999",
    "localhost:0",
    "localhost:-1",
    "localhost:8_0",
    "localhost:\uff18\uff10",
    "localhost:",
    "evil%2ecom",
    "evil.com%00",
    "evil com",
    "evil;com",
    "evil,com",
    "evil&com",
    "evil|com",
    "evil^com",
    "<evil>",
    '"evil"',
    "{tenant}.evil.com",
    "evil..com",
    ".evil.com",
    "-evil.com",
    "evil-.com",
    "evil。com",
    "evil\xad.com",
    "evil\u200b.com",
    f"{'e' * 64}.com",
    "user@evil.com",
    ":@evil.com",
)
"""Authorities that a request could not be sent to, or that different parsers read differently."""


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("authority", MALFORMED)
def test_a_malformed_authority_is_refused_when_the_client_is_constructed(scheme: str, authority: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        CoreData(f"{scheme}://{authority}", api_user="leia", api_key="k")
    with pytest.raises(ConfigurationError, match="account"):
        FivePM(f"{scheme}://{authority}", login="leia@acme.is", password="p")


@pytest.mark.parametrize("authority", MALFORMED)
def test_a_malformed_host_of_an_account_is_refused_without_a_scheme(authority: str) -> None:
    with pytest.raises(ConfigurationError, match="account"):
        FivePM(authority, login="leia@acme.is", password="p")


@pytest.mark.parametrize(
    "authority",
    [
        "acme.coredata.is",
        "acme.coredata.is.",
        "ACME",
        "my_host",
        "xn--blbr-zpa.is",
        "bláber.is",
        "bücher.de:8443",
        "10.0.0.1:1",
        "[2001:db8::1]:65535",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25eth0]",
    ],
)
def test_any_host_with_or_without_a_port_is_accepted_over_https(authority: str) -> None:
    assert base_address(f"https://{authority}/") == f"https://{authority}"


def test_the_url_of_an_account_with_a_path_is_refused_with_the_part_that_is_right() -> None:
    with pytest.raises(
        ConfigurationError, match=r"must consist of scheme and host, as https://acme.5pmweb.com"
    ):
        FivePM("https://acme.5pmweb.com/api?x=SECRET", login="leia@acme.is", password="p")
