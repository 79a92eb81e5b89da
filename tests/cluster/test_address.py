"""Addresses of a cluster: one server or several, each of which must keep the token secret."""

import pytest

from coredata_async.cluster.address import ClusterAddress
from coredata_async.errors import ConfigurationError

HEX = "0123456789abcdef" * 4


def test_several_servers_are_separated_by_commas() -> None:
    address = ClusterAddress(url="tls://a:4223, tls://b,tls://[::1]:4224")

    assert [(each.host, each.port) for each in address.servers] == [("a", 4223), ("b", 4222), ("::1", 4224)]
    assert address.label == "a:4223, b:4222, ::1:4224"
    assert address.secure


@pytest.mark.parametrize(
    "url", ["", "tls://a,", ",tls://a", "tls://a,b:4222", "tls://a,http://b", "tls://a tls://b"]
)
def test_each_server_needs_a_url_of_its_own(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"tls://head\.example:4222"):
        ClusterAddress(url=url)


@pytest.mark.parametrize("url", ["nats://127.0.0.1,nats://192.0.2.1", "nats://192.0.2.1,nats://127.0.0.1"])
def test_each_server_that_is_not_on_loopback_needs_tls(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1:4222 would not be encrypted"):
        ClusterAddress(url=url)


@pytest.mark.parametrize("url", ["tls://a,nats://127.0.0.1", "nats://127.0.0.1,tls://a"])
def test_servers_with_and_without_tls_are_not_mixed(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use tls:// for each"):
        ClusterAddress(url=url)


def test_no_server_may_have_a_password_in_its_url() -> None:
    with pytest.raises(ConfigurationError, match="must not contain a token") as caught:
        ClusterAddress(url="tls://a,tls://u:geheim@b")

    assert "geheim" not in str(caught.value)


def test_servers_may_have_certificates_of_their_own() -> None:
    colons = ":".join(HEX[at : at + 2] for at in range(0, 64, 2)).upper()
    address = ClusterAddress(url="tls://a,tls://b", fingerprint=f"sha256:{HEX}, {colons}")

    assert address.fingerprint == f"sha256:{HEX},sha256:{HEX}"


def test_each_fingerprint_is_checked() -> None:
    with pytest.raises(ConfigurationError, match="64 hexadecimal digits"):
        ClusterAddress(url="tls://a,tls://b", fingerprint=f"{HEX},{HEX[1:]}")
