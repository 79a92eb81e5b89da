"""Misspell each name of the two services in turn, and report the ones that no test notices.

`python -m tests.misspell` takes every name in the modules below (a short text such as `groupId`, or the
field of a model), changes it in memory and runs the tests that state names literally; if those pass, it runs
the slower tests of that service. It prints the survivors and exits with 1 if there are any. It needs
`os.fork`.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import aiohttp  # noqa: F401  # loaded once, so that no child process has to
import cattrs  # noqa: F401
import hypothesis  # noqa: F401
import pytest
from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "coredata_async"
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)*")
PATH: Final = re.compile(r"/[a-z0-9/{}_-]*")


@frozen
class Service:
    """One service: the modules that hold its names, and the tests that must notice a misspelt one."""

    modules: tuple[str, ...]
    literal: tuple[str, ...]
    """Tests that state the names; they take about a second."""
    others: tuple[str, ...]


SERVICES: Final = (
    Service(
        ("fivepm/names.py", "fivepm/methods.py"),
        ("tests/fivepm/test_documented_names.py",),
        ("tests/fivepm",),
    ),
    Service(
        ("resources/*.py",),
        ("tests/resources/test_documented_names.py",),
        ("tests/resources", "tests/services", "tests/wire", "tests/test_endpoints.py"),
    ),
)


@frozen
class Mutant:
    """One name, misspelt."""

    path: Path
    line: int
    name: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.name!r}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield the module once for each of its names, with that name misspelt."""
    for number, node in enumerate(ast.walk(ast.parse(path.read_text("utf-8")))):
        name = _name(node)
        if name is None:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        spot = next(each for index, each in enumerate(ast.walk(tree)) if index == number)
        _misspell(spot)
        yield Mutant(path, getattr(node, "lineno", 0), name, ast.fix_missing_locations(tree))


def _name(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)) if _is_name(text):
            return text
        case ast.AnnAssign(target=ast.Name(id=name, ctx=ast.Store()), col_offset=4) if not name.startswith(
            "_"
        ):
            return name
    return None


def _is_name(text: str) -> bool:
    return bool(NAME.fullmatch(text) or (PATH.fullmatch(text) and len(text) > 1))


def _misspell(node: ast.AST) -> None:
    match node:
        case ast.Constant(value=str(text)):
            node.value = f"{text}zz" if not text.endswith("/") else f"{text[:-1]}zz/"
        case ast.AnnAssign(target=ast.Name() as target):
            target.id = f"{target.id}zz"


class _Loader(importlib.abc.Loader):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.tree, str(self.mutant.path), "exec"), module.__dict__)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        inner = mutant.path.relative_to(PACKAGE).with_suffix("").parts
        self.module = ".".join(("coredata_async", *inner))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.module:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(self.mutant), origin=str(self.mutant.path))


def survives(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Run tests with the mutant in a child process; True if all of them pass."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            code = _run(mutant, tests)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _run(mutant: Mutant, tests: Sequence[str]) -> int:
    for name in [name for name in sys.modules if name.startswith(("coredata_async", "tests."))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:schemathesis",
        "-p",
        "no:faulthandler",
        "--assert=plain",
        "--no-header",
        "-W",
        "ignore",
    ]
    return int(pytest.main([*options, *tests]))


def check(service: Service) -> list[Mutant]:
    """Return the mutants of a service that no test notices."""
    paths = sorted({path for pattern in service.modules for path in PACKAGE.glob(pattern)})
    everything = [mutant for path in paths for mutant in mutants(path)]
    suspects = [mutant for mutant in everything if survives(mutant, service.literal)]
    survivors = [mutant for mutant in suspects if survives(mutant, service.others)]
    print(
        f"{', '.join(service.modules)}: {len(everything)} names misspelt, {len(suspects)} not noticed by the "
        f"literal tests, {len(survivors)} not noticed by any",
        flush=True,
    )
    return survivors


def main() -> int:
    """Check both services, print the survivors, return the exit code."""
    argparse.ArgumentParser(
        prog="python -m tests.misspell",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    os.chdir(ROOT)
    survivors = [mutant for service in SERVICES for mutant in check(service)]
    for mutant in survivors:
        print(f"survivor: {mutant}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
