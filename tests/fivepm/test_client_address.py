"""Tests of the address of an account, as the client takes it."""

import pytest

from coredata_async import ConfigurationError
from coredata_async.fivepm.client import base_address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("acme", "https://acme.5pmweb.com"),
        (" Acme ", "https://acme.5pmweb.com"),
        ("acme.5pmweb.com", "https://acme.5pmweb.com"),
        ("https://acme.5pmweb.com/", "https://acme.5pmweb.com"),
        ("https://pm.acme.is:8443", "https://pm.acme.is:8443"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_an_account_is_a_name_a_host_or_a_url(given, address):
    assert base_address(given) == address


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "http://acme.5pmweb.com",
        "ftp://acme.5pmweb.com",
        "https://user:pw@acme.5pmweb.com",
        "https://acme.5pmweb.com/api/v2",
        "https://acme.5pmweb.com?x=1",
        "https://acme.5pmweb.com:x",
        "https://",
    ],
)
def test_whatever_else_is_refused(given):
    with pytest.raises(ConfigurationError):
        base_address(given)


def test_a_password_in_the_url_is_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        base_address("https://leia:s3cr3t@acme.5pmweb.com")

    assert "s3cr3t" not in str(caught.value)
