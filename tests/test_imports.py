"""Imports in a fresh interpreter: only the modules that are needed."""

import json
import subprocess
import sys

import pytest

import coredata_async

pytestmark = pytest.mark.slow


CLIENT = (
    "from coredata_async import CoreData; c = CoreData('https://t.coredata.is', api_user='u', api_key='k')"
)
OPTIONAL = {"click", "rich", "typed_settings", "defusedxml", "pathspec", "boto3"}
FAR_END = {"aiohttp.web", "aiohttp.test_utils", "http.server"}
NOUNS = {f"coredata_async.{part}" for part in ("wire", "resources", "listing", "transfer", "storage", "bulk")}


def imported(code: str) -> set[str]:
    """Return the names of all modules after running some code in a new interpreter."""
    script = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_the_package_alone_imports_nothing_but_its_version() -> None:
    found = imported("import coredata_async")

    assert {name for name in found if name.startswith("coredata_async")} == {
        "coredata_async",
        "coredata_async.version",
    }
    assert found & {"asyncio", "aiohttp", "attr", "cattrs", "aiofiles"} == set()


def test_a_client_imports_no_services() -> None:
    found = imported(CLIENT)

    assert found & ({"aiohttp", "cattrs", "aiofiles", "sqlite3", "orjson"} | OPTIONAL | NOUNS) == set()


@pytest.mark.parametrize("noun", ["files", "projects", "blobs", "me"])
def test_a_noun_imports_nothing_optional(noun: str) -> None:
    found = imported(f"{CLIENT}; c.{noun}")

    assert (
        found
        & ({"sqlite3", "coredata_async.bulk", "coredata_async.sandbox", "coredata_async.fivepm"} | OPTIONAL)
        == set()
    )


def test_all_public_names_import_nothing_optional() -> None:
    found = imported("from coredata_async import *")

    assert found & ({"sqlite3", "coredata_async.bulk", "coredata_async.sandbox"} | OPTIONAL) == set()
    assert {"coredata_async.client", "coredata_async.errors", "coredata_async.resources.files"} <= found


@pytest.mark.parametrize("module", coredata_async._PLACES)
def test_each_module_of_public_names_can_be_the_first_that_is_imported(module: str) -> None:
    name = coredata_async._PLACES[module].split()[0]

    assert f"coredata_async.{module}" in imported(f"from coredata_async import {name}")


def test_the_module_of_a_name_is_there_without_an_import_of_its_own() -> None:
    imported("import coredata_async; coredata_async.errors.NotFoundError; coredata_async.listing.Listing")


def test_editors_see_every_name() -> None:
    assert set(coredata_async.__all__) <= set(dir(coredata_async))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'coredata_async' has no attribute 'Nonsense'"):
        _ = coredata_async.Nonsense  # type: ignore[attr-defined]
