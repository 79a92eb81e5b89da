"""Statements of the README: its code runs, its commands and names exist."""

import re
import textwrap
from pathlib import Path

import coredata_async
from coredata_async import fivepm, records
from coredata_async.cli.app import COMMANDS
from coredata_async.sandbox import Sandbox

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def example(containing: str) -> str:
    """Return the one Python block that contains a text."""
    (block,) = (block for block in BLOCKS if containing in block)
    return block


def body(containing: str) -> str:
    """Return that block, indented for a function."""
    return textwrap.indent(example(containing), "    ")


async def test_the_program_runs_against_the_sandbox(tmp_path: Path, monkeypatch) -> None:
    async with Sandbox() as box:
        program = (
            example("asyncio.run(main())")
            .replace("https://acme.coredata.is", box.url)
            .replace('api_user="…", api_key="…"', f"api_user={box.api_user!r}, api_key={box.api_key!r}")
            .replace("<id of a space>", box.space)
            .replace("asyncio.run(main())", "")
        )
        assert "…" not in program
        for name in ("report.pdf", "a.pdf"):  # b.pdf does not exist, and only fails itself
            (tmp_path / name).write_bytes(name.encode())
        monkeypatch.chdir(tmp_path)
        names: dict[str, object] = {}
        exec(compile(program, "README.md", "exec"), names)

        await names["main"]()  # type: ignore[operator]

        assert sorted(path.name for path in (tmp_path / "copies").iterdir()) == ["a.pdf", "report.pdf"]


async def test_the_bulk_example_runs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(f"async def example(client, folder_id):\n{body('UploadJob(')}", "README.md", "exec"), names)

    async with Sandbox() as box, box.client() as client:
        await names["example"](client, box.project)  # type: ignore[operator]

    assert "planned=1, done=1" in capsys.readouterr().out


async def test_the_5pm_example_runs(tmp_path, monkeypatch) -> None:
    (tmp_path / "report.pdf").write_bytes(b"report")
    monkeypatch.chdir(tmp_path)
    async with Sandbox() as box:
        account = f"{box.fivepm.url!r}, login={box.fivepm.login!r}, password={box.fivepm.password!r}"
        program = example("FivePM(").replace('"acme", login="…", password="…"', account)
        assert "…" not in program
        names: dict[str, object] = {}
        exec(compile(f"async def example():\n{textwrap.indent(program, '    ')}", "README.md", "exec"), names)

        await names["example"]()  # type: ignore[operator]

    assert (tmp_path / "copy.pdf").read_bytes() == b"report"


async def test_the_sandbox_example_runs() -> None:
    names: dict[str, object] = {}
    exec(compile(f"async def example():\n{body('box.faults')}", "README.md", "exec"), names)

    await names["example"]()  # type: ignore[operator]


async def test_the_idempotent_example_runs(tmp_path, monkeypatch) -> None:
    (tmp_path / "report.pdf").write_bytes(b"report")
    monkeypatch.chdir(tmp_path)
    program = body("IdempotentUploads(") + "    return outcome\n"
    names: dict[str, object] = {}
    exec(compile(f"async def example(client, folder_id):\n{program}", "README.md", "exec"), names)

    async with Sandbox() as box, box.client() as client:
        outcome = await names["example"](client, box.project)  # type: ignore[operator]

        assert [file.id for file in box.state.files] == [outcome.file_id]


def test_every_command_of_the_table_exists() -> None:
    named = set(re.findall(r"^\| `coredata (\w+)", README, re.MULTILINE))

    assert named - {"RESOURCE"} == set(COMMANDS)


def test_every_error_and_value_it_names_is_public() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z]+(?:Error|many)?)`", README)) - {"Range", "Send", "Page", "None"}

    assert named <= {*coredata_async.__all__, *fivepm.__all__, *records.__all__}


def test_every_file_it_links_to_is_there() -> None:
    root = Path(__file__).parent.parent
    for link in re.findall(r"\]\(([a-z_/.]+)\)", README):
        assert (root / link).exists(), link
