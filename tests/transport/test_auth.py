"""Credentials: in the right form, only to the service, and never shown."""

import pytest

from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request
from coredata_async.transport.auth import Credentials, with_credentials

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
    await with_credentials(send, WHO)(request)

    assert seen[0].headers == {"Accept": "x", "Authorization": header}
    assert request.headers == {"Accept": "x"}


async def test_a_request_carries_what_masks_both_keys() -> None:
    seen = []

    async def send(request: Request) -> Reply:
        seen.append(request)
        return Reply(200)

    await with_credentials(send, WHO)(Request("GET", "/api/"))

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
