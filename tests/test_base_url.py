"""Tests of the addresses of both clients: an address that no request could be sent to is refused at once."""

import pytest

from coredata_async import ConfigurationError, CoreData
from coredata_async.environment import base_address
from coredata_async.fivepm import FivePM

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
