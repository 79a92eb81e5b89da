"""Service of users, against a sandbox: by username, encoded."""

import pytest

from coredata_async.errors import NotFoundError


async def test_every_user_is_listed_once(client) -> None:
    found = [each.username async for each in client.users.list(page_size=2)]

    assert found == ["administrator", "leia", "padme", "rey"]


async def test_a_user_is_read_by_name(client) -> None:
    found = await client.users.get("padme")

    assert (found.username, found.first_name, found.last_name) == ("padme", "Padme", "Amidala")
    assert (found.user_type, found.resource_uri) == ("Internal user", "/api/v2/user/padme/")
    assert found.extra == {}


@pytest.mark.parametrize("username", ["padmé@example.is", "a+b%c", "x;y=z&w", "Jón"])
async def test_a_username_may_hold_what_a_path_may_not(client, box, username: str) -> None:
    box.state.add_user(username, "A", "B")

    assert (await client.users.get(username)).username == username


async def test_nobody_of_that_name(client) -> None:
    with pytest.raises(NotFoundError):
        await client.users.get("vader")


def test_users_can_only_be_read(client) -> None:
    assert {name for name in ("create", "update", "delete") if hasattr(client.users, name)} == set()
