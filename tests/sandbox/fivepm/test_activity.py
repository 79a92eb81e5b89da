"""Tests of files: attached in both encodings, downloaded in every form."""

import base64

import aiohttp
import pytest

LOGO = bytes(range(256)) * 8
JSON = b'{"id": "1", "content": "mine"}'


@pytest.fixture
async def note(pm):
    return await pm.note(projectId=await pm.project())


def encoded(data: bytes = LOGO, name: str = "a.png") -> dict[str, str]:
    return {"files[1][name]": name, "files[1][content]": base64.b64encode(data).decode()}


def multipart(pm, note: str, *names: str) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in {**pm.credentials, "retType": "json", "activityId": note}.items():
        form.add_field(name, value)
    for n, name in enumerate(names, 1):
        form.add_field(f"files[{n}][content]", LOGO, filename=name, content_type="image/x-logo")
    return form


async def test_base64_in_a_field_is_a_file(pm, note):
    got = await pm.post("activity/attachFiles", {"activityId": note, **encoded()})

    assert got.data == {"status": "1"}
    assert pm.state.contents == {"1": LOGO}
    assert (pm.state.files["1"]["name"], pm.state.files["1"]["type"], pm.state.files["1"]["size"]) == (
        "a.png",
        "image/png",
        2048,
    )


async def test_a_part_of_a_multipart_form_is_a_file_under_its_literal_name(pm, note):
    names = ("a b[é].png", "c.png")

    await pm.send("POST", "post/activity/attachFiles", data=multipart(pm, note, *names))

    assert [one["name"] for one in pm.state.files.values()] == list(names)
    assert list(pm.state.contents.values()) == [LOGO, LOGO]
    assert pm.state.calls[-1].body["files"]["1"]["content"]["type"] == "image/x-logo"


async def test_one_encoding_may_be_refused(pm, note):
    pm.speaks(upload="multipart")
    assert (await pm.post("activity/attachFiles", {"activityId": note, **encoded()})).status == 400

    pm.speaks(upload="base64")
    assert (await pm.send("POST", "post/activity/attachFiles", data=multipart(pm, note, "a"))).status == 400
    assert pm.state.files == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"files[1][content]": "a b="},
        {"files[2][name]": "b", "files[2][data]": "Yg=="},
        {"files[1][name]": ""},
        {"activityId": "9"},
    ],
)
async def test_all_files_of_a_request_are_kept_or_none(pm, note, wrong):
    got = await pm.post("activity/attachFiles", {"activityId": note, **encoded(), **wrong})

    assert got.status in (400, 404)
    assert pm.state.files == {}


async def test_files_are_listed_by_project_and_removed(pm, note):
    other = await pm.note(taskId=await pm.task())
    for place in (note, other):
        await pm.post("activity/attachFiles", {"activityId": place, **encoded()})

    mine = (await pm.get("activity/getFilesList", **{"filter[projectId]": "1"})).data["items"]
    assert [(one["id"], one["activityId"], one["activityType"]) for one in mine] == [("1", note, "msg")]
    assert (await pm.get("activity/getFilesList")).data["total"] == "2"

    assert (await pm.post("activity/removeFile", {"id": "1"})).data == {"status": "1"}
    assert list(pm.state.contents) == ["2"]


async def test_a_download_is_the_bytes_with_a_name_or_without(pm, note):
    await pm.post("activity/attachFiles", {"activityId": note, **encoded(JSON, 'a"b.json')})

    raw = await pm.post("activity/downloadFile", {"id": "1"})
    pm.speaks(download="bare")
    bare = await pm.post("activity/downloadFile", {"id": "1"})

    assert raw.headers["Content-Disposition"] == r'attachment; filename="a\"b.json"'
    assert "Content-Disposition" not in bare.headers
    assert (raw.body, bare.body, bare.type) == (JSON, JSON, "application/json")


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_a_download_may_be_an_object_with_or_without_the_bytes(pm, note, form):
    await pm.post("activity/attachFiles", {"activityId": note, **encoded()})
    seen = []
    for download in ("enveloped", "metadata"):
        pm.speaks(download=download)
        got = await pm.post("activity/downloadFile", {"id": "1", "retType": form})
        seen.append(got.data.get("content") if form == "json" else got.xml.findtext("content"))

    assert seen == [base64.b64encode(LOGO).decode(), None]


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("works", ["post", "get"])
async def test_removing_and_downloading_listen_to_one_verb(pm, note, works, status):
    await pm.post("activity/attachFiles", {"activityId": note, **encoded()})
    pm.speaks(file_verb=works, wrong_verb=status)
    asked = {**pm.credentials, "id": "1"}

    seen = {}
    for name in ("downloadFile", "removeFile"):
        seen[name, "post"] = (await pm.send("POST", f"post/activity/{name}", data=asked)).status
        seen[name, "get"] = (await pm.send("GET", f"get/activity/{name}", params=asked)).status

    assert seen == {pair: 200 if pair[1] == works else status for pair in seen}
