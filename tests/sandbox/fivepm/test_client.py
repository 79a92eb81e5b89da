"""Tests of the real client with this 5pm, in every dialect: two readings of the same facts."""

import pytest

from coredata_async import NotFoundError, UnexpectedResponseError
from coredata_async.fivepm import FivePM

DIALECTS = [
    {},
    {"wrapped": False},
    {"root": "response"},
    {"named": True},
    {"numbers": "numbers"},
    {"numbers": "mixed", "booleans": "words"},
    {"items": "item"},
    {"items": "numeric"},
    {"items": "bare"},
    {"items": "bare", "wrapped": False},
    {"totals": False, "page_cap": 2},
    {"empty_list": "null", "empty_value": "null"},
    {"empty_list": "object", "dates": "t"},
    {"empty_list": "list", "empty_value": "list", "dates": "z"},
    {"no_date": "zero", "team_items": "ids"},
    {"page_cap": 1},
    {"page_cap": 1, "offset_base": 1},
    {"offset_base": None},
    {"content_type": "text/html", "bom": True},
    {"honours_ret_type": False},
    {"errors": "body"},
    {"missing": "empty"},
    {"download": "bare"},
    {"download": "enveloped"},
    {"upload": "base64"},
    {"file_verb": "get"},
    {"file_verb": "get", "wrong_verb": 404},
]
LOGO = bytes(range(256)) * 8


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=repr)
async def test_they_agree(pm, dialect, form, tmp_path):
    logo = tmp_path / "a b[é].png"
    logo.write_bytes(LOGO)
    pm.speaks(**dialect)
    async with FivePM(
        pm.account.url, login=pm.account.login, password=pm.account.password, format=form
    ) as client:
        group = await client.groups.add(name="Clients")
        project = await client.projects.add(name="A & <B>", group_id=group.id, team=["2"])
        made = [await client.tasks.add(name=name, project_id=project.id) for name in "abc"]
        assert [one.name async for one in client.tasks.list(project_id=project.id)] == ["a", "b", "c"]
        assert (await client.tasks.get(made[0].id)).group_id == project.group_id == group.id

        await client.tasks.remove(made[0].id)
        note = await client.activity.add(project_id=project.id, type="msg", text="<x>&\n]]>")
        assert note.text == "<x>&\n]]>"
        await client.activity.attach(note.id, [logo])
        (file,) = await client.activity.files(project_id=project.id)
        async with client.activity.download(file.id) as body:
            assert (file.name, await body.read()) == (logo.name, LOGO)
        await client.activity.remove_file(file.id)

        pm.account.expire_sessions()
        assert (await client.users.get_by_email("rey@5pm.invalid")).id == "2"
        with pytest.raises(NotFoundError):
            await client.projects.get("99")

    assert pm.state.projects["1"]["team"] == ("2",)
    assert (list(pm.state.tasks), pm.state.files, pm.account.emails) == (["2", "3"], {}, [])
    assert pm.account.sessions.opened == 2
    assert pm.account.sessions.count == 0


@pytest.mark.parametrize("errors", ["html", "php"])
async def test_a_page_instead_of_an_answer_does_not_refuse_the_session(pm, errors):
    pm.speaks(errors=errors)
    async with FivePM(pm.account.url, login=pm.account.login, password=pm.account.password) as client:
        with pytest.raises(UnexpectedResponseError):
            await client.projects.get("99")

    assert pm.account.sessions.opened == 1
