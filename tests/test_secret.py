"""Wrapped secrets: showing, copying and pickling them reveals nothing."""

import copy
import pickle

import pytest
from rich.pretty import pretty_repr

from coredata_async.secret import Secret, SecretMapping, conceal, wrap_secrets


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>9}".format, ascii, pretty_repr])
@pytest.mark.parametrize("hidden", [Secret("k3y"), SecretMapping({"X-Key": "k3y"})])
def test_no_way_of_showing_a_secret_shows_it(show, hidden) -> None:
    assert "k3y" not in show(hidden)


def test_a_mapping_shows_its_names_and_gives_its_values() -> None:
    headers = SecretMapping({"X-Key": "k3y"})

    assert repr(headers) == "SecretMapping({'X-Key': '***'})"
    assert (dict(headers), len(headers)) == ({"X-Key": "k3y"}, 1)


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps([Secret("k3y")])


def test_copies_of_a_secret_are_itself() -> None:
    secret = Secret("k3y")

    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", Secret("a")), (Secret("a"), Secret("a")), ("", None), (Secret(""), None), (None, None)],
)
def test_an_empty_value_is_not_a_secret(value, expected) -> None:
    assert conceal(value) == expected


def test_the_secrets_among_a_clients_options_are_wrapped_and_unset_options_are_left_out() -> None:
    given = {"login": "leia", "password": "k3y", "proxy": "http://u:k3y@p", "headers": {"X-Key": "k3y"}}

    wrapped = wrap_secrets({**given, "api_key": Secret("k3y"), "api_key_v3": "", "session": None})

    assert "k3y" not in repr(wrapped)
    assert wrapped["password"] == wrapped["api_key"] == Secret("k3y")
    assert (wrapped["login"], wrapped["api_key_v3"]) == ("leia", None)
    assert wrapped.keys() == {*given, "api_key", "api_key_v3"}
