"""Users are not documents: their key is the username, and their detail path is singular."""

import pytest

from coredata_async.resources.users import USERS, User
from coredata_async.wire.calls import get
from coredata_async.wire.convert import structure


def test_a_user_of_today() -> None:
    raw = {
        "first_name": "Padme",
        "last_name": "Amidala",
        "resource_uri": "/api/v2/users/padme/",
        "user_type": "Internal user",
        "username": "padme",
    }

    assert structure(raw, User) == User(
        username="padme",
        first_name="Padme",
        last_name="Amidala",
        user_type="Internal user",
        resource_uri="/api/v2/users/padme/",
    )


def test_a_user_of_2014_has_no_type() -> None:
    assert structure({"username": "padme", "first_name": ""}, User) == User(username="padme")


def test_a_user_without_a_username_is_refused() -> None:
    with pytest.raises(ValueError, match="User has no username"):
        structure({"first_name": "Padme"}, User)


@pytest.mark.parametrize(
    ("username", "segment"),
    [
        ("padme", "padme"),
        ("padmé@example.is", "padm%C3%A9%40example.is"),
        ("a+b%c", "a%2Bb%25c"),
        ("DOMAIN;x", "DOMAIN%3Bx"),
    ],
)
def test_a_username_is_one_encoded_segment_of_the_singular_path(username: str, segment: str) -> None:
    assert get(USERS, username).request.target == f"/api/v2/user/{segment}/"


@pytest.mark.parametrize("username", ["", "..", "a/b", "a b", "a?b", "a#b", "a\\b", "a\nb"])
def test_a_username_that_would_change_the_path_is_refused(username: str) -> None:
    with pytest.raises(ValueError, match="is not a valid username"):
        get(USERS, username)
