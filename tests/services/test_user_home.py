"""The user of the key, and the projects that they visited."""

import pytest
from attrs import define, field

from coredata_async.errors import AuthenticationError, NotFoundError
from coredata_async.message import Reply, Request
from coredata_async.resources.users import User
from coredata_async.services.nouns import UserHome
from tests.rig import QUICK


@define
class Service:
    body: bytes
    sent: list[Request] = field(factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.sent.append(request)
        return Reply(200, body=self.body)


async def test_me_is_the_user_of_the_key(client, box) -> None:
    me = await client.me()

    assert (me.username, me.user_type) == (box.api_user, "Administrator")
    assert me == await client.users.get(me.username)
    assert box.state.count("users.me") == 1


async def test_me_is_read_from_a_listing_of_one() -> None:
    service = Service(b'{"meta": {"total_count": 1, "limit": 20}, "objects": [{"username": "leia"}]}')

    assert await UserHome(service).me() == User(username="leia")
    assert [each.path for each in service.sent] == ["/api/v2/user/"]


async def test_a_service_that_names_no_user_is_reported() -> None:
    service = Service(b'{"meta": {"total_count": 0}, "objects": []}')

    with pytest.raises(NotFoundError, match="no current user"):
        await UserHome(service).me()


async def test_a_wrong_key_is_nobodys(box) -> None:
    async with box.client(api_key="wrong", retry=QUICK) as client:
        with pytest.raises(AuthenticationError):
            await client.me()


async def test_recent_projects_are_those_that_were_read_the_latest_first(client, box) -> None:
    projects = [await client.projects.create(space=box.space, title=f"P{n}") for n in range(12)]
    assert await client.recent_projects().collect() == []

    for project in projects:
        await client.projects.get(project)
    await client.projects.get(projects[5])

    found = [each.id for each in await client.recent_projects().collect()]
    assert found == [projects[5], *(each for each in reversed(projects[2:]) if each != projects[5])]
    assert len(found) == 10


async def test_recent_projects_are_whole_projects(client, box) -> None:
    seen = await client.projects.get(box.project)

    assert await client.recent_projects().first() == seen
    assert (await client.recent_projects()).total == 1
