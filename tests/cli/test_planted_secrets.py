"""Tests that no output of a command contains a key, a signed URL, or a control character of a terminal."""

import asyncio
import json
import re
from urllib.parse import quote

import pytest

SIGNED = "https://s3.invalid/b?AWSAccessKeyId=Bob5Acc3ssK3y&Expires=9&Signature=S1gnature%3D"
SECRET = re.compile(r"S1gnature|Bob5Acc3ssK3y")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TITLE = "\x1b[31mred\x9b\u202e\u2066\u2028gpj.exe\x85\r\nnext"


OPERATIONS = [
    ("blobs.reserve", 400), ("blobs.reserve", 200), ("storage.put", 400), ("files.register", 400), ("*", 403)
]  # fmt: skip


@pytest.mark.parametrize("fault", OPERATIONS)
@pytest.mark.parametrize("written", [SIGNED, SIGNED.replace("=", "\\u003d"), quote(SIGNED, safe="")])
def test_output_journal_and_report_hold_no_secret(shell, far, tmp_path, fault, written) -> None:
    operation, status = fault
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.txt").write_text("a")
    planted = f"{far.api_key} at {written} \x1b[31m\x9b\u202e"
    body = f"<Error><Code>X</Code><Message>{planted}</Message></Error>"
    if not operation.startswith("storage"):
        body = json.dumps({"error_message": planted, "blobName": planted, "presignedUrl": 7})
    far.faults.status(operation, status, body=body, headers={"X-Request-Id": far.api_key}, times=99)

    reports = ["--report", "r.json", "--report", "r.html"]
    done = shell("upload", str(tmp_path / "tree"), "--parent", far.project, "--json", "--job", "j", *reports)

    assert done.code
    files = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir() if path.is_file()}
    assert {"j", "r.json", "r.html"} <= files.keys()
    for text in (done.out, done.err, *(data.decode("utf-8", "replace") for data in files.values())):
        assert far.api_key not in text
        assert not SECRET.search(text)
    for text in (done.out, files["r.json"].decode()):
        assert not CONTROL.search(text)
    assert not re.search("[\x1b\x80-\x9f\u202e]", done.err + files["r.html"].decode())


@pytest.mark.parametrize(
    "options", [(), ("--json",), ("--fields", "id,title"), ("--json", "--fields", "title")]
)
def test_a_title_moves_no_cursor(shell, far, options) -> None:
    async def create() -> None:
        async with far.client() as client:
            await client.projects.create(space=far.space, title=TITLE)

    asyncio.run(create())

    done = shell.ok("projects", "list", *options)

    assert not CONTROL.search(done.out)
    if "--json" in options:
        assert TITLE in [line["title"] for line in done.lines]


def test_a_file_name_moves_no_cursor(shell, far, tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    for name in ("a\x1b[31m.txt", "b\u202etxt.exe", "c\x9b\n.txt"):
        (tmp_path / "tree" / name).write_text("a")
    for options in ((), ("--json",), ("--dry-run",), ("--dry-run", "--json")):
        done = shell("upload", str(tmp_path / "tree"), "--parent", far.project, *options)

        assert not CONTROL.search(done.out)
        assert not CONTROL.search(done.err)
