"""Imports point down: the table of permitted imports, checked against every module of the package."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "coredata_async"

CORE = (
    "json_text unset secret escapes message redaction errors response_table config call "
    "ids plain_data operations query_string"
)
SERVICES = f"{CORE} wire resources walk listing collection storage transfer"

# A module or folder, and what of the package it may import besides itself. The longest name counts.
MAY_IMPORT = {
    "json_text": "",
    "unset": "",
    "secret": "",
    "escapes": "",
    "redaction": "escapes secret",
    "message": "json_text redaction secret",
    "paging": "",
    "errors": "escapes message redaction",
    "plain_data": "errors message",
    "operations": "errors",
    "config": "message errors",
    "response_table": "message errors",
    "ids": "escapes message redaction errors",
    "query_string": "errors escapes",
    "fields": CORE,
    "fence": "",
    "call": "json_text message redaction errors response_table config",
    "wire": CORE,
    "resources": f"{CORE} wire",
    "walk": "paging wire",
    "listing": f"{CORE} paging walk wire resources",
    "changes": f"{CORE} wire resources walk listing",
    "collection": f"{CORE} fields wire resources listing",
    "version": "",
    "cancellation": "",
    "transport": f"{CORE} cancellation version",
    "storage": CORE,
    # `listing` and `walk` find a File whose registration was lost
    "transfer": f"{CORE} cancellation wire resources walk listing storage",
    "services": SERVICES,
    "environment": f"{CORE} transport",
    "client": f"{SERVICES} services transport environment",
    "web": f"{CORE} transfer",
    "prometheus": "errors",
    "bulk": f"{SERVICES} services transport client environment version fence",
    "records": f"{SERVICES} services client fence",
    "cluster": f"{SERVICES} transport client environment bulk records version fence prometheus",
    "events": f"{SERVICES} services transport client records version prometheus",
    "otel": f"{CORE} resources transport version",
    "fivepm": f"{CORE} fields paging storage transport version",
    "archive": f"{SERVICES} transport client bulk fivepm fields",
    "doctor": f"{SERVICES} transport client",
    "sandbox": "sandbox.embedded",
    "sandbox.embedded": "sandbox client environment",
    "cli": f"{SERVICES} fields services transport client bulk cluster doctor events fivepm archive "
    "prometheus environment records version sandbox sandbox.embedded __init__",
    "__main__": "cli",
    "__init__": f"{SERVICES} services transport client version changes",
}

IO = "asyncio aiohttp aiofiles time random os"

# A module or folder, and the outside modules that it must not import. A folder's ban also holds below it.
MUST_NOT_IMPORT = {
    "json_text": IO,
    "unset": IO,
    "secret": IO,
    "escapes": IO,
    "message": IO,
    "plain_data": IO,
    "operations": IO,
    "redaction": IO,
    "errors": IO,
    "response_table": IO,
    "config": IO,
    "call": IO,
    "ids": IO,
    "query_string": IO,
    "wire": IO,
    "resources": IO,
    "transfer.steps": IO,
    "paging": IO,
    "walk": IO,
    "listing": "aiohttp aiofiles time random os",
    "collection": "aiohttp aiofiles time random os",
    "changes": IO,
    "fields": IO,
    "fivepm.calls": IO,
    "fivepm.codec": IO,
    "fivepm.models": IO,
    "fivepm.request_style": IO,
    "transport.http11": "aiohttp",
}
# Inside the large packages, from bottom to top: a module or folder may import those of lower floors only.
FLOORS = {
    "bulk": (
        "formatting plain states",
        "options",
        "events lease limits report scan",
        "journal workers",
        "remote",
        "run",
        "check",
        "job",
        "shard_run",
        "shard_plan",
    ),
    "cli": (
        "help_text parsing sandbox_process settings streams",
        "options output",
        "failures upload_options worker_options",
        "background cluster_options connection interrupts progress",
        "api cluster_worker config demo download jobs resources sandbox",
        "cluster_jobs",
        "app check cluster doctor fivepm job upload worker",
    ),
    "sandbox": (
        "answer disk document signals",
        "bucket faults index multipart",
        "call listing state",
        "service",
        "control fivepm object_store vocabulary",
        "collection fields",
        "files folders",
        "projects",
        "contacts",
        "small_collections",
        "routes",
        "exchange",
        "server",
        "__main__ embedded",
        "plugin",
    ),
    "fivepm": (
        "download listing models",
        "names",
        "codec method",
        "methods replies request_style",
        "calls files",
        "envelope session",
        "services",
        "client",
    ),
}
MAY_SPEAK_AIOHTTP = ("transport", "sandbox")


def modules() -> dict[str, Path]:
    """Every module by its dotted name inside the package; a folder's `__init__` goes by the folder's."""
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): ROOT / path for path in paths}


MODULES = modules()


def row(name: str, table: dict[str, str]) -> str | None:
    """The longest name in the table that is the module, or a folder above it."""
    return max((each for each in table if within(name, each)), key=len, default=None)


def within(name: str, place: str) -> bool:
    return f"{name}.".startswith(f"{place}.")


@cache
def imports(name: str) -> frozenset[str]:
    """Return the imports of a module, also local ones, by full name; `from x import y` may mean `x.y`."""
    return frozenset(read_imports(name, MODULES[name].read_text("utf-8")))


def read_imports(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for each in names:
                    yield f"{module}.{each.name}" if inside(f"{module}.{each.name}") in MODULES else module
            case ast.ImportFrom():
                pytest.fail(f"{name}, line {node.lineno}: write imports in full, not relative")


def inside(imported: str) -> str:
    return imported.removeprefix("coredata_async.")


def ours(name: str) -> set[str]:
    found = {each for each in imports(name) if within(each, "coredata_async")}
    return {"__init__" if each == "coredata_async" else inside(each) for each in found}


def worlds(name: str) -> set[str]:
    return {each.partition(".")[0] for each in imports(name)} - {"coredata_async"}


def test_every_module_is_in_the_table() -> None:
    assert [name for name in MODULES if row(name, MAY_IMPORT) is None] == []


def test_the_table_allows_nothing_that_is_not_in_it() -> None:
    assert {each for allowed in MAY_IMPORT.values() for each in allowed.split()} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    own = row(name, MAY_IMPORT)
    assert own is not None, f"{name} is in no layer"

    allowed = {own, *MAY_IMPORT[own].split()}

    assert {each for each in ours(name) if row(each, MAY_IMPORT) not in allowed} == set()


@pytest.mark.parametrize("name", MODULES)
def test_the_core_does_no_io(name: str) -> None:
    own = row(name, MUST_NOT_IMPORT)

    assert worlds(name) & set(MUST_NOT_IMPORT[own].split() if own else ()) == set()


@pytest.mark.parametrize(
    "name", [name for name in MODULES if name.partition(".")[0] not in MAY_SPEAK_AIOHTTP]
)
def test_aiohttp_is_spoken_in_two_places(name: str) -> None:
    assert worlds(name) & {"aiohttp", "yarl", "multidict"} == set()


@pytest.mark.parametrize("name", MODULES)
def test_the_package_imports_nothing_that_is_not_shipped(name: str) -> None:
    assert worlds(name) & {"tests", "tools", "benchmarks"} == set()


def floor(name: str) -> tuple[str, int] | None:
    """Return the large package a module is in and the number of its floor, or `None` outside of these."""
    package, _, rest = name.partition(".")
    if package not in FLOORS or not rest:
        return None
    unit = rest.partition(".")[0]
    return package, next(number for number, units in enumerate(FLOORS[package]) if unit in units.split())


@pytest.mark.parametrize("name", [name for name in MODULES if floor(name)])
def test_imports_inside_a_large_package_point_to_lower_floors(name: str) -> None:
    own = floor(name)
    assert own is not None
    folder = ".".join(name.split(".")[:2])
    others = [each for each in ours(name) if within(each, own[0]) and not within(each, folder)]

    assert [each for each in others if (floor(each) or own) >= own] == []


def test_floors_name_what_is_there() -> None:
    units = {package: " ".join(floors).split() for package, floors in FLOORS.items()}

    assert all(len(names) == len(set(names)) for names in units.values())
    assert {f"{package}.{unit}" for package, names in units.items() for unit in names} <= MODULES.keys()


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in ROOT.rglob("*.py")
    }

    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}
