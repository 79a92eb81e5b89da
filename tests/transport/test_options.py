"""Tests of the options that the clients of both services share: their keywords are written in each client."""

import inspect
import re

import pytest

from coredata_async import CoreData
from coredata_async.errors import ConfigurationError
from coredata_async.fivepm import FivePM
from coredata_async.transport.options import ConnectionOptions, HttpClient

SHARED = sorted(ConnectionOptions.__annotations__)


def describe(client: type[HttpClient], option: str) -> str:
    """Return the first sentence about an option in the docstring of a client."""
    found = re.search(rf"\n    {option}: (.*?)(?=[.;]|\n    \w)", inspect.getdoc(client) or "", re.DOTALL)
    assert found, f"{client.__name__} does not describe {option}"
    return " ".join(found[1].split())


@pytest.mark.parametrize("option", SHARED)
def test_both_clients_have_every_shared_option_with_the_same_default_and_type(option: str) -> None:
    ours, theirs = (inspect.signature(client).parameters[option] for client in (CoreData, FivePM))

    assert ours.kind == theirs.kind == inspect.Parameter.KEYWORD_ONLY
    assert ours.default == theirs.default
    assert ours.annotation.rpartition(".")[2] == theirs.annotation.rpartition(".")[2]


@pytest.mark.parametrize("option", SHARED)
def test_both_clients_describe_a_shared_option_in_the_same_words(option: str) -> None:
    assert describe(CoreData, option) == describe(FivePM, option)


@pytest.mark.parametrize("option", ["timeouts", "retry", "limits"])
def test_an_option_of_another_kind_is_named(option: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} must be a {option.title()}, not a int"):
        CoreData("http://localhost", api_user="u", api_key="k", **{option: 30})


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("headers", {"X-Tenant": 5}, r"headers\['X-Tenant'\] must be a str, not a int"),
        ("session", object(), "session must be an aiohttp.ClientSession, not a object"),
        ("storage_session", "x", "storage_session must be an aiohttp.ClientSession, not a str"),
        ("api_user", 5, "api_user must be a str, not a int"),
        ("api_key", b"k", "api_key must be a str, not a bytes"),
        ("api_key_v3", b"k", "api_key_v3 must be a str, not a bytes"),
    ],
)
def test_a_value_of_another_kind_is_named(option: str, value: object, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        CoreData("http://localhost", **{"api_user": "u", "api_key": "k", option: value})


@pytest.mark.parametrize("option", ["timeouts", "retry"])
def test_an_option_of_another_kind_is_named_for_a_copy(option: str) -> None:
    client = CoreData("http://localhost", api_user="u", api_key="k")

    with pytest.raises(ConfigurationError, match=f"{option} must be a {option.title()}, not a float"):
        client.with_options(**{option: 2.5})
