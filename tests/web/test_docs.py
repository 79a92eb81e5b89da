"""The page about web services shows the examples as they are, and the program in the README runs."""

import re
from pathlib import Path

import aiohttp
import pytest

from tests.web.test_examples import EXAMPLES, FRAMEWORKS, serve_asgi

ROOT = Path(__file__).parent.parent.parent


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_page_shows_the_example(framework):
    assert (EXAMPLES / f"web_{framework}.py").read_text("utf-8") in blocks(".docs/web.md")


@pytest.mark.web
async def test_the_program_in_the_readme_runs(far, monkeypatch):
    for name, value in (("BASE_URL", far.url), ("API_USER", far.api_user), ("API_KEY", far.api_key)):
        monkeypatch.setenv(f"COREDATA_{name}", value)
    (program,) = (block for block in blocks("README.md") if "FastAPI(" in block)
    names = {}
    exec(compile(program, "README.md", "exec"), names)

    async with serve_asgi(names["app"]) as url, aiohttp.ClientSession(url) as session:
        async with session.put(f"/folders/{far.project}/a.txt", data=b"0123456789") as response:
            file_id = await response.json()
        async with session.get(f"/files/{file_id}", headers={"Range": "bytes=2-4"}) as response:
            assert (response.status, await response.read()) == (206, b"234")
            etag = response.headers["ETag"]
        async with session.get(f"/files/{file_id}", headers={"If-None-Match": etag}) as response:
            assert response.status == 304
        async with session.get("/files/2bb7fb5e-8ef6-11e6-89e1-87ce876944be") as response:
            assert response.status == 404
