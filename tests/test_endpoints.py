"""The table of endpoints equals the requests of the client, and its page is up to date."""

import inspect
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

import coredata_async.client
from coredata_async import CoreData, Upload
from coredata_async.errors import CoreDataError
from coredata_async.message import Reply, Request
from coredata_async.resources.registry import ROWS, Endpoint, endpoints, table
from coredata_async.services.files import Files
from coredata_async.services.nouns import Blobs
from tests.rig import QUICK, md5
from tools.openapi import page
from tools.openapi.__main__ import main
from tools.openapi.endpoints import module_about

ROOT = Path(__file__).parent.parent
ID = "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"
BLOB = "98c59d020fe547b08cd0df36b1c01b37"
EVERY = [pytest.param(each, id=each.operation) for each in endpoints()]

# Methods of a service besides its endpoints, and its attributes.
COMPOSED: dict[str, tuple[Callable[[CoreData], Any], list[str]]] = {
    "files.upload": (
        lambda c: c.files.upload(b"x", parent=ID, filename="a.txt", verify=False),
        ["blobs.reserve", "files.create"],
    ),
    "files.upload_many": (
        lambda c: drained(
            c.files.upload_many([Upload(source=b"x", filename="a.txt")], parent=ID, verify=False)
        ),
        ["blobs.reserve", "files.create"],
    ),
    "files.move": (lambda c: c.files.move(ID, parent=ID), ["files.get", "files.update"]),
    "projects.add_contact": (
        lambda c: c.projects.add_contact(ID, "c"),
        ["projects.get", "projects.update"],
    ),
    "projects.remove_contact": (
        lambda c: c.projects.remove_contact(ID, "there"),
        ["projects.get", "projects.update"],
    ),
    "projects.add_tags": (lambda c: c.projects.add_tags(ID, "t"), ["projects.get", "projects.update"]),
    "projects.remove_tags": (
        lambda c: c.projects.remove_tags(ID, "there"),
        ["projects.get", "projects.update"],
    ),
    "projects.add_users": (lambda c: c.projects.add_users(ID, "u"), ["projects.get", "projects.update"]),
    "projects.remove_users": (
        lambda c: c.projects.remove_users(ID, "there"),
        ["projects.get", "projects.update"],
    ),
}
# Not about the service: creating, copying and closing the client, and requests without a row.
ABOUT_THE_CLIENT = {
    "from_env",
    "with_options",
    "request",
    "aclose",
    "close_now",
    "closed",
    "engine",
    "arguments",
}


async def drained(uploads) -> None:
    async with uploads as outcomes:
        async for outcome in outcomes:
            assert not getattr(outcome, "error", None)


def matching(request: Request) -> Endpoint | None:
    for each in endpoints():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(each.path))
        if each.method == request.method and re.fullmatch(pattern, request.path):
            return each
    return None


@define
class Service:
    """Answers every endpoint with the only status that means success, or with another."""

    status: int | None = None
    sent: list[Request] = field(factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.sent.append(request)
        endpoint = matching(request)
        assert endpoint is not None, f"{request.method} {request.path} is not in the table"
        headers = {"Location": f"/api/v2/x/{ID}/", "X-Coredata-fields-filedigest": md5(b"x")}
        if endpoint.operation == "files.download":
            headers["Location"] = "https://t.coredata.is/laika/b?Signature=x"
        return Reply(self.status or endpoint.status, headers, _body(endpoint))

    @property
    def operations(self) -> list[str]:
        return [each.operation for request in self.sent if (each := matching(request))]


def _body(endpoint: Endpoint) -> bytes:
    if endpoint.operation == "blobs.reserve":
        return f'{{"blobName": "{BLOB}", "presignedUrl": "https://t.coredata.is/laika/b?Expires=1"}}'.encode()
    one = (
        f'{{"id": "{ID}", "username": "u", "name": "n", "filename": "a.txt", "title": "t", "parent": "{ID}", '
        '"contacts": ["there"], "tags": ["there"], "associated_users": [{"username": "there"}]}'
    )
    alone = endpoint.operation.endswith(".get")
    return (one if alone else f'{{"meta": {{"total_count": 1}}, "objects": [{one}]}}').encode()


async def storage(request: Request) -> Reply:
    return Reply(201 if request.method == "PUT" else 200)


@pytest.fixture
async def service(monkeypatch):
    service = Service()
    monkeypatch.setattr(coredata_async.client, "service_chain", lambda *_: service)
    monkeypatch.setattr(coredata_async.client, "storage_chain", lambda *_: storage)
    return service


@pytest.fixture
async def client(service):
    async with CoreData("https://t.coredata.is", api_user="u", api_key="k", retry=QUICK) as client:
        yield client


def verb_of(client: CoreData, operation: str) -> Callable[..., Any]:
    found: Any = client
    for name in operation.split("."):
        found = getattr(found, name)
    return found


async def fetched(client: CoreData) -> None:
    async with client.files.download(ID, verify=False):
        pass


BY_HAND: dict[str, Callable[[CoreData], Any]] = {
    "files.update": lambda client: client.files.update(ID, title="t"),
    "files.replace": lambda client: client.files.replace(ID, b"x", via="api"),
    "files.download": fetched,
    "blobs.reserve": lambda client: client.blobs.reserve(content_length=1),
    "me": lambda client: client.me(),
    "recent_projects": lambda client: client.recent_projects(),
}


def calling(client: CoreData, operation: str) -> Any:
    """Call an operation with an id for every mandatory argument."""
    if operation in BY_HAND:
        return BY_HAND[operation](client)
    verb = verb_of(client, operation)
    must = [each for each in inspect.signature(verb).parameters.values() if each.default is each.empty]
    keywords = {each.name: ID for each in must if each.kind is each.KEYWORD_ONLY}
    return verb(*[ID for each in must if each.kind is not each.KEYWORD_ONLY], **keywords)


@pytest.mark.parametrize("endpoint", EVERY)
async def test_the_client_sends_what_the_table_says(client, service, endpoint: Endpoint) -> None:
    await calling(client, endpoint.operation)

    request = service.sent[-1]
    expected = re.sub(r"\{\w+\}", ID, endpoint.path)
    assert (request.method, request.path) == (endpoint.method, expected)
    assert service.operations[-1] == endpoint.operation


@pytest.mark.parametrize("endpoint", EVERY)
async def test_any_other_status_is_not_a_success(client, service, endpoint: Endpoint) -> None:
    service.status = 299

    with pytest.raises(CoreDataError):
        await calling(client, endpoint.operation)


@pytest.mark.parametrize("endpoint", EVERY)
def test_help_says_what_a_verb_rests_on(client, endpoint: Endpoint) -> None:
    words = inspect.getdoc(verb_of(client, endpoint.operation)) or ""
    doubt = {"documented": "See: ", "named": "only named there", "legacy": "seen in old clients only"}

    assert endpoint.proof.source.partition(", ")[0] in words
    assert doubt[endpoint.proof.evidence] in words


@pytest.mark.parametrize("name", COMPOSED)
async def test_what_is_made_of_several_exchanges_makes_those_of_the_table(client, service, name) -> None:
    compose, operations = COMPOSED[name]

    await compose(client)

    assert service.operations == operations


def test_the_client_offers_nothing_that_is_not_in_the_table(client) -> None:
    described = inspect.getmembers_static(CoreData, lambda each: isinstance(each, cached_property))
    nouns = [name for name, _ in described if not name.startswith("_")]
    offered = {
        f"{noun}.{name}"
        for noun in nouns
        for name, each in inspect.getmembers(getattr(client, noun), callable)
        if not name.startswith("_")
    }
    alone = {name for name in dir(client) if not name.startswith("_")} - set(nouns) - ABOUT_THE_CLIENT

    assert set(nouns) == {*ROWS, "blobs"}
    assert offered | alone == {each.operation for each in endpoints()} | COMPOSED.keys()


def test_no_two_rows_are_one_endpoint() -> None:
    rows = [(each.method, re.sub(r"\{\w+\}", "{}", each.path)) for each in endpoints()]

    assert len(rows) == len(set(rows)) == len({each.operation for each in endpoints()})


@pytest.mark.parametrize("endpoint", EVERY)
def test_every_path_ends_in_a_slash(endpoint: Endpoint) -> None:
    assert re.fullmatch(r"/api/v[23]/([\w{}-]+/)+", endpoint.path)


def test_what_is_left_out_is_not_served() -> None:
    assert "POST /api/v3/files/" not in {f"{each.method} {each.path}" for each in endpoints()}
    assert not [each for each in endpoints() if "favo" in each.path]


def test_the_page_in_the_docs_is_up_to_date() -> None:
    shown = (ROOT / ".docs" / "endpoints.md").read_text("utf-8")

    assert shown == page(), "run: python -m tools.openapi --docs .docs"
    assert all(row in shown for row in table().splitlines())


def test_the_page_shows_both_requests_to_the_storage() -> None:
    rows = [row for row in page().splitlines() if row.startswith("| second of ")]

    assert [row.split(" | ")[1] for row in rows] == ["PUT", "GET"]


def test_the_docstring_of_reserve_names_the_call_that_follows() -> None:
    shown = inspect.getdoc(Blobs.reserve) or ""

    assert "files.create(blob_name=" in shown
    assert "blob_name" in inspect.signature(Files.create).parameters


def test_the_page_names_contract_tests_that_exist() -> None:
    modules = {module_about(each) for each in endpoints()}

    assert {name for name in modules if not (ROOT / "tests" / "contract" / f"{name}.py").exists()} == set()


def test_anyone_can_write_the_docs(tmp_path: Path) -> None:
    main(["--docs", str(tmp_path / "new")])

    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["endpoints.md", "openapi.json"]
    assert (tmp_path / "new" / "endpoints.md").read_text("utf-8") == page()
