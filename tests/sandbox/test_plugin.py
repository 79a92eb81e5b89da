"""Tests of the pytest plugin in another project's test suite."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("coredata_async.client")

# pytest-asyncio warns when this is not set, and their suite turns warnings into errors.
LOOP = ("-o", "asyncio_default_fixture_loop_scope=function")

SUITE = """
import asyncio

{imports}

{mark}
async def test_upload(coredata_client, coredata_sandbox):
    up = await coredata_client.files.upload(b"hello", parent=coredata_sandbox.project, filename="a.txt")
    assert up.size == 5
    assert coredata_sandbox.state.count("storage.put") == 1


{mark}
async def test_every_test_has_its_own(coredata_sandbox, coredata_client):
    assert coredata_sandbox.state.files == []
    coredata_sandbox.faults.status("projects.get", 503)
    project = await coredata_client.projects.get(coredata_sandbox.project)
    assert project.id == coredata_sandbox.project
"""

SYNC = """
import asyncio


def test_upload(coredata_client, coredata_sandbox):
    async def upload():
        return await coredata_client.files.upload(b"hello", parent=coredata_sandbox.project, filename="a.txt")

    assert asyncio.run(upload()).size == 5
    assert len(coredata_sandbox.state.files) == 1


def test_a_client_that_is_never_used(coredata_client):
    assert not coredata_client.closed
"""


def run(directory, suite, *options, plugins=None):
    """Run a suite with our plugin and some others; by default with all that are installed.

    Loading all of them takes seconds.
    """
    named = [] if plugins is None else ["-p", "coredata_async", *(f"-p{name}" for name in plugins)]
    (directory / "test_theirs.py").write_text(suite)
    (directory / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *options],
        cwd=directory,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "" if plugins is None else "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_it_works_under_pytest_asyncio(tmp_path, mode):
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    suite = SUITE.format(imports="import pytest", mark=mark)
    plugins = ("asyncio",) if mode == "strict" else None

    got = run(tmp_path, suite, "-o", f"asyncio_mode={mode}", *LOOP, plugins=plugins)

    assert got.returncode == 0, got.stdout[-3000:]
    assert "2 passed" in got.stdout


def test_it_works_under_anyio(tmp_path):
    pytest.importorskip("anyio")
    mark = "@pytest.mark.anyio"
    fixture = "\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    got = run(tmp_path, SUITE.format(imports="import pytest" + fixture, mark=mark), plugins=("anyio",))

    assert got.returncode == 0, got.stdout[-3000:]
    assert "2 passed" in got.stdout


def test_it_works_with_plain_asyncio_run(tmp_path):
    got = run(tmp_path, SYNC, plugins=())

    assert got.returncode == 0, got.stdout[-3000:]
    assert "2 passed" in got.stdout


def test_loading_it_loads_no_web_server():
    code = textwrap.dedent(
        """
        import sys
        import coredata_async
        before = set(sys.modules)
        import coredata_async.sandbox.plugin
        new = [one for one in set(sys.modules) - before if one.startswith(("aiohttp", "coredata_async"))]
        print(sorted(new))
        """
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert got.stdout.strip() == "['coredata_async.sandbox', 'coredata_async.sandbox.plugin']"


README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
UPLOADER = """
async def my_uploader(client, *, parent):
    for name in "abc":
        await client.files.upload(b"hello", parent=parent, filename=name)
"""


@pytest.mark.parametrize(
    ("plugins", "options"),
    [(("asyncio",), LOOP), (("anyio",), ()), ((), ())],
    ids=["pytest-asyncio, strict by default", "anyio", "no plugin"],
)
def test_the_example_of_the_readme_works(tmp_path, plugins, options):
    (example,) = re.findall(r"```python\n(import asyncio\n\n\ndef test_my_uploader.*?)```", README, re.DOTALL)

    got = run(tmp_path, example + UPLOADER, *options, plugins=plugins)

    assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-2000:]
    assert "1 passed" in got.stdout
