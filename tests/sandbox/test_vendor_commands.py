"""Tests of the commands of the vendor's pages, run with curl against the sandbox."""

import asyncio
import os
import re
import shutil
from hashlib import md5

import attrs
import pytest
from attrs import define, field, frozen

from . import vendor_commands as vendor

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash"
)
CONTENT = b"sample-content"
_STATUS = re.compile(r"< HTTP/[\d.]+ (\d{3})")  # the progress of curl may come before it


@frozen
class Result:
    status: int
    headers: str
    body: bytes

    def header(self, name: str) -> str:
        found = re.search(rf"< {re.escape(name)}: ([^\r\n]*)", self.headers, re.IGNORECASE)
        assert found, (name, self.headers)
        return found[1]

    @property
    def id(self) -> str:
        assert self.status == 201, self
        return self.header("Location").rstrip("/").rpartition("/")[2]


@define
class Shell:
    variables: dict[str, str] = field(factory=dict)

    async def run(self, command: str, **variables: str) -> Result:
        self.variables |= variables
        # Without a proxy of the machine and settings of the user.
        environment = {"PATH": os.environ["PATH"], "no_proxy": "*", **self.variables}
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            command,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        text = err.decode(errors="replace")
        assert process.returncode == 0, text
        return Result(int(_STATUS.findall(text)[-1]), text, out)


@pytest.fixture
async def shell(box, tmp_path):
    (tmp_path / "sample.pdf").write_bytes(CONTENT)
    return Shell(
        {
            "HOME": str(tmp_path),
            "COREDATA_BASE_URL": box.url,
            "API_USER": box.api_user,
            "API_KEY": box.api_key,
            "filename": "sample.pdf",
            "filepathname": str(tmp_path / "sample.pdf"),
            "content_type": "application/pdf",
            "content_length": str(len(CONTENT)),
            "title": "Sample document",
            "parent": box.project,
            "project_id": box.project,
            "space_id": box.space,
        }
    )


@pytest.mark.parametrize("url", vendor.GETS)
async def test_a_printed_get_is_answered_with_json(api, box, shell, url):
    box.add_space("Second")
    contact = box.state.add_contact("Signer", identifier="60001019906")
    file = await api.file(dynatype="Memo", contacts=contact)
    shell.variables |= {"SSN": "60001019906", "SSN_PREFIX": "600010199", "CONTACT_ID": contact}

    got = await shell.run(f"curl -v {vendor.V2} {url}", file_id=file, some_uuid=box.project)

    assert got.status == 200
    assert got.header("Content-Type") == "application/json"


async def test_the_printed_life_of_a_project(box, shell):
    project = (await shell.run(vendor.CREATE_PROJECT, title="New project")).id

    shell.variables["project_id"] = project
    assert (await shell.run(vendor.UPDATE_PROJECT, title="Updated project")).status == 204
    old, new = box.state.add_contact("Old"), box.state.add_contact("New")
    assert (await shell.run(vendor.ADD_CONTACT, contact_id=old, new_contact_id=new)).status == 204
    kept = box.state.documents[project]
    assert (kept.title, kept.contacts) == ("Updated project", (old, new))

    assert (await shell.run(vendor.DELETE_PROJECT)).status == 204
    assert project not in box.state.documents


async def test_the_printed_life_of_a_file(box, shell):
    file = (await shell.run(vendor.CREATE_FILE)).id
    assert await box.content(file) == CONTENT

    where = await shell.run(vendor.CONTENT, file_id=file)
    assert where.status == 302
    got = await shell.run(f'curl -v "{where.header("Location")}"')
    assert (got.status, got.body) == (200, CONTENT)
    assert got.header("Content-Disposition") == "attachment; filename*=utf-8''sample.pdf"

    changed = {"title": "Sample document (updated)", "filename": "sample-updated.pdf"}
    assert (await shell.run(vendor.UPDATE_FILE, **changed)).status == 204
    assert box.state.documents[file].title == "Sample document (updated)"

    # `-G` moves the content into the query: the page's own example truncates the file.
    replaced = await shell.run(vendor.UPLOAD_CONTENT, filename="sample.pdf")
    assert replaced.status == 201
    assert replaced.header("X-Coredata-fields-filedigest") == "d41d8cd98f00b204e9800998ecf8427e"
    fixed = await shell.run(vendor.UPLOAD_CONTENT.replace("-X PUT -G", "-X PUT"))
    assert fixed.header("X-Coredata-fields-filedigest") == md5(CONTENT).hexdigest()

    assert (await shell.run(vendor.DELETE_FILE)).status == 204


async def test_the_printed_upload_in_three_steps(api, box, shell):
    async def stored() -> str:
        reserved = await shell.run(vendor.RESERVE)
        blob = re.search(rb'"blobName": "(\w{32})", "presignedUrl": "([^"]+)"', reserved.body)
        assert reserved.status == 200
        assert blob, reserved.body
        # The page leaves `$presigned_url` unquoted; it contains nothing that a shell would split.
        assert (await shell.run(vendor.STORE, presigned_url=blob[2].decode())).status == 201
        return blob[1].decode()

    file = (await shell.run(vendor.REGISTER, blob_name=await stored())).id
    assert await box.content(file) == CONTENT

    other, blob, digest = await api.file(b"old"), await stored(), md5(CONTENT).hexdigest()
    got = await shell.run(vendor.REGISTER_CONTENT, file_id=other, blob_name=blob, filedigest=digest)
    assert got.status == 201
    assert got.header("X-Coredata-fields-snapshot-id") == box.state.documents[other].snapshot_id
    assert await box.content(other) == CONTENT


async def test_every_printed_request_of_5pm(box, shell):
    account = box.fivepm
    values = {
        "login": account.login,
        "password": account.password,
        "email": account.login,
        "sessionId": account.sessions.open("1"),
        "userId": "4",
        **dict.fromkeys(("id", "groupId", "taskId", "projectId", "activityId"), "1"),
        **dict.fromkeys(("name", "text"), "Changed"),
    }
    results = {}
    for verb, url in vendor.FIVEPM:
        if url.endswith("downloadFile?id=1&sessionId=<sessionId>") and len(account.state.files) == 1:
            files = "".join(f"&files[{n}][name]=more" for n in (1, 2))
            await shell.run(
                f'curl -gvX POST "{box.url}{vendor.S}/post/activity/attachFiles?activityId=1{files}'
                f'&sessionId={values["sessionId"]}"'
            )
        filled = re.sub(r"<(\w+)>", lambda name: values[name[1]], url)
        results[verb, url] = (await shell.run(f'curl -gv -X {verb} "{box.url}{filled}"')).status
        if "projectsgroups[name]" in url:
            assert account.state.groups["1"]["name"] == "Changed"

    assert {key: status for key, status in results.items() if status != 200} == {}
    assert len(results) == len(vendor.FIVEPM)
    kept = attrs.asdict(account.state, recurse=False)
    assert not any(kept[name] for name in ("projects", "tasks", "activity", "files", "groups"))
