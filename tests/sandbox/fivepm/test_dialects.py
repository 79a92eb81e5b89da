"""Tests of every dialect of this 5pm."""

import pytest

LISTED = "projects/getList"


@pytest.mark.parametrize(
    ("dialect", "shown"),
    [
        ({}, {"data": {"id": "2", "name": "Clients"}}),
        ({"wrapped": False}, {"id": "2", "name": "Clients"}),
        ({"root": "response"}, {"response": {"id": "2", "name": "Clients"}}),
        ({"named": True}, {"data": {"group": {"id": "2", "name": "Clients"}}}),
        ({"numbers": "numbers"}, {"data": {"id": 2, "name": "Clients"}}),
        ({"numbers": "mixed"}, {"data": {"id": "2", "name": "Clients"}}),
    ],
)
async def test_one_object(pm, dialect, shown):
    await pm.made("projectsgroups", "group", name="Others")
    await pm.made("projectsgroups", "group", name="Clients")
    pm.speaks(**dialect)

    assert (await pm.get("projectsgroups/getById", id="2")).json == shown


ONE, TWO = {"id": "1", "name": "a"}, {"id": "2", "name": "b"}


@pytest.mark.parametrize(
    ("dialect", "none", "one", "two"),
    [
        ({}, "", [ONE], [ONE, TWO]),
        ({"items": "item", "empty_list": "object"}, {}, {"item": ONE}, {"item": [ONE, TWO]}),
        ({"items": "numeric", "empty_list": "list"}, [], {"1": ONE}, {"1": ONE, "2": TWO}),
        ({"empty_list": "null"}, None, [ONE], [ONE, TWO]),
    ],
)
async def test_a_list_of_none_one_and_two(pm, dialect, none, one, two):
    pm.speaks(**dialect)
    seen = []
    for name in ("a", "b", None):
        seen.append((await pm.get("projectsgroups/getAll")).data)
        if name:
            await pm.made("projectsgroups", "group", name=name)

    assert [page["items"] for page in seen] == [none, one, two]
    assert [(page["total"], page["count"]) for page in seen] == [("0", "0"), ("1", "1"), ("2", "2")]


async def test_a_list_may_be_bare_or_without_sums(pm):
    await pm.made("projectsgroups", "group", name="a")

    pm.speaks(items="bare", wrapped=False)
    assert (await pm.get("projectsgroups/getAll")).json == [ONE]

    pm.speaks(items="list", totals=False)
    assert (await pm.get("projectsgroups/getAll")).json == {"items": [ONE]}


@pytest.mark.parametrize(
    ("dialect", "values"),
    [
        ({}, ["2027-01-02 03:04:05", "", "2", "0", "", "0.00"]),
        (
            {"numbers": "numbers", "dates": "t", "empty_value": "null"},
            ["2027-01-02T03:04:05", None, 2, 0, None, 0.0],
        ),
        (
            {"booleans": "words", "no_date": "zero"},
            ["2027-01-02 03:04:05", "0000-00-00 00:00:00", "2", False, "", "0.00"],
        ),
        ({"dates": "z", "empty_value": "list"}, ["2027-01-02T03:04:05Z", [], "2", "0", [], "0.00"]),
    ],
)
async def test_the_values_of_an_object(pm, dialect, values):
    task = await pm.task(startDate="2027-01-02 03:04:05")
    pm.speaks(**dialect)

    shown = (await pm.get("tasks/getById", id=task)).data

    names = ("startDate", "endDate", "priority", "hidden", "parentId", "hoursDone")
    assert [shown[name] for name in names] == values


async def test_xml_says_the_same_with_cdata_for_markup(pm):
    text = "<b>&]]>\r\n\u00f0\x01"
    await pm.project(name=text)

    got = await pm.get(LISTED, retType="xml")

    assert got.xml.findtext("total") == got.xml.findtext("count") == "1"
    assert got.xml.findtext("items/item/name") == text.replace("\x01", "")
    assert b"<![CDATA[" in got.body
    assert got.xml.find("items/item/endDate").text is None


async def test_metainfo_lists_have_items_and_nothing_else(pm):
    for dialect in ({}, {"items": "bare"}, {"items": "numeric"}):
        pm.speaks(**dialect)
        got = await pm.get("metainfo/getPriorities", retType="xml")

        assert [one.tag for one in got.xml] == ["item"] * 4
        assert [one.findtext("default") for one in got.xml] == ["0", "1", "0", "0"]
    assert list((await pm.get("metainfo/getStatuses")).data) == ["1", "2", "3"]


async def test_ret_type_may_be_ignored_and_another_format_the_default(pm):
    pm.speaks(format="json")
    assert (await pm.send("GET", "get/users/getAll", params=pm.credentials)).type == "application/json"

    pm.speaks(format="xml", honours_ret_type=False)
    assert (await pm.get("users/getAll")).type == "text/xml"


async def test_the_content_type_may_be_wrong_and_a_mark_may_come_first(pm):
    pm.speaks(content_type="text/html", bom=True)

    got = await pm.get("users/getAll")

    assert (got.type, got.body[:4]) == ("text/html", b"\xef\xbb\xbf{")


@pytest.mark.parametrize(
    ("errors", "status", "begins", "form"),
    [
        ("status", 401, b'{"data": {"error": ', "json"),
        ("body", 200, b'{"status": "fail", "error": ', "json"),
        ("body", 200, b'<response status="fail"><error>', "xml"),
        ("html", 200, b"<!DOCTYPE html>", "json"),
        ("php", 200, b"<br />\n<b>Fatal error</b>", "json"),
    ],
)
async def test_a_refusal_takes_any_shape(pm, errors, status, begins, form):
    pm.speaks(errors=errors)

    got = await pm.get("users/getAll", signed=False, retType=form)

    assert got.status == status
    assert got.body.startswith(begins)


async def test_what_is_not_there_is_an_error_or_nothing(pm):
    assert (await pm.get("tasks/getById", id="7")).status == 404

    pm.speaks(missing="empty")
    assert (await pm.get("users/getByEmail", email="x")).json == {"data": {}}
    assert (await pm.post("tasks/remove", {"id": "7"})).status == 404


@pytest.mark.parametrize(
    ("dialect", "arguments", "names"),
    [
        ({}, {}, "abcde"),
        ({"page_cap": 2}, {"count": "4"}, "ab"),
        ({}, {"offset": "2", "count": "2"}, "cd"),
        ({"offset_base": 1}, {"offset": "2", "count": "2"}, "bc"),
        ({"offset_base": 1}, {"offset": "0", "count": "2"}, "ab"),
        ({"offset_base": None}, {"offset": "4", "count": "2"}, "ab"),
        ({}, {"offset": "5"}, ""),
    ],
)
async def test_a_page_begins_and_ends_where_the_dialect_has_it(pm, dialect, arguments, names):
    for name in "abcde":
        await pm.task(name=name)
    pm.speaks(**dialect)

    page = (await pm.get("tasks/getList", **arguments)).data

    assert "".join(one["name"] for one in page["items"]) == names
    assert (page["total"], page["count"]) == ("5", str(len(names)))


@pytest.mark.parametrize(("items", "shown"), [("ids", ["2"]), ("users", ["Rey"])])
async def test_a_team_is_ids_or_users(pm, items, shown):
    pm.speaks(team_items=items)

    got = await pm.post("projects/add", {"project[name]": "x", "project[team][0]": "2"})

    members = got.data["team"]["items"]
    assert [one["firstName"] if isinstance(one, dict) else one for one in members] == shown
