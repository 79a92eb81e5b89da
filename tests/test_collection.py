"""Verbs of every resource, created from its row: their keywords, and the requests they send."""

import inspect
import json
import pydoc
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from coredata_async.collection import creator, deleter, getter, lister, sublister, updater
from coredata_async.errors import ConfigurationError, NotFoundError, OutcomeUnknownError
from coredata_async.message import Reply, Request
from coredata_async.resources.files import FILES, File, FileWhere
from coredata_async.resources.projects import PROJECTS, EditProject, NewProject, Project, ProjectWhere
from coredata_async.resources.registry import PROJECT_FILES
from coredata_async.wire.resource import Paging

ID = "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"
EMPTY = Reply(200, body=b'{"meta": {"total_count": 0}, "objects": []}')


@define
class Service:
    """Returns the same reply to everything, and records the requests."""

    reply: Reply = EMPTY
    sent: list[Request] = field(factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.sent.append(request)
        return self.reply

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.sent]


def verbs(send: Service) -> dict[str, Callable[..., Any]]:
    return {
        "list": lister(send, PROJECTS),
        "get": getter(send, PROJECTS),
        "create": creator(send, PROJECTS),
        "update": updater(send, PROJECTS),
        "delete": deleter(send, PROJECTS),
    }


def keywords(verb: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(verb).parameters.values()
    return [each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]


def names(kind: Any) -> set[str]:
    return {attribute.name for attribute in kind.__attrs_attrs__}


def test_list_shows_the_filters_and_then_the_paging() -> None:
    shown = keywords(lister(Service(), PROJECTS))

    assert set(shown) == names(ProjectWhere)
    assert {"title__startswith", "associated_contacts_id", "created__range"} <= set(shown)
    assert shown[-2:] == ["page_size", "offset"]
    assert inspect.signature(lister(Service(), PROJECTS)).parameters["page_size"].default == 100


def test_create_shows_the_fields_of_a_new_project() -> None:
    create = creator(Service(), PROJECTS)
    parameters = inspect.signature(create).parameters

    assert set(keywords(create)) == names(NewProject)
    assert parameters["space"].default is inspect.Parameter.empty
    assert parameters["due_date"].default is None


def test_update_shows_the_id_and_the_fields_of_a_change() -> None:
    update = updater(Service(), PROJECTS)
    first = next(iter(inspect.signature(update).parameters.values()))

    assert set(keywords(update)) == names(EditProject)
    assert (first.name, first.kind) == ("id", inspect.Parameter.POSITIONAL_ONLY)


@pytest.mark.parametrize("name", ["get", "delete"])
def test_get_and_delete_take_an_id(name: str) -> None:
    assert list(inspect.signature(verbs(Service())[name]).parameters) == ["id"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", ["title__startswith", "created__range", "page_size", "matching objects", "docs.wise.is"]),
        ("get", ["id", "NotFoundError"]),
        ("create", ["space", "responsible_users", "OutcomeUnknownError", "docs.wise.is/cored/projects"]),
        ("update", ["id", "status_message", "clears", "docs.wise.is/cored/projects"]),
        ("delete", ["id", "NotFoundError"]),
    ],
)
def test_help_shows_the_real_keywords_and_a_docstring(name: str, words: list[str]) -> None:
    shown = pydoc.plain(pydoc.render_doc(verbs(Service())[name]))

    assert f"{name}(" in shown
    assert "kwargs" not in shown
    assert [word for word in words if word not in shown] == []


def test_one_rows_verbs_do_not_change_anothers() -> None:
    projects, files = lister(Service(), PROJECTS), lister(Service(), FILES)

    assert set(keywords(projects)) == names(ProjectWhere)
    assert set(keywords(files)) == names(FileWhere)


def test_a_filter_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="titel"):
        verbs(Service())["list"](titel="x")


async def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="titel"):
        await verbs(Service())["create"](space="s", titel="x")
    with pytest.raises(TypeError, match="titel"):
        await verbs(Service())["update"](ID, titel="x")


async def test_a_field_that_is_a_must_is_missed() -> None:
    service = Service()

    with pytest.raises(TypeError, match="space"):
        await verbs(service)["create"](title="x")

    assert service.sent == []


async def test_a_listing_asks_for_a_page_with_filters() -> None:
    service = Service()

    await lister(service, PROJECTS)(title__startswith="Board", page_size=20, offset=40)

    assert service.lines == ["GET /api/v2/projects/?title__startswith=Board&limit=20&offset=40"]


async def test_a_listing_gives_models() -> None:
    body = b'{"meta": {"total_count": 1}, "objects": [{"id": "a", "title": "Board"}]}'

    found = await lister(Service(Reply(200, body=body)), PROJECTS)().collect()

    assert found == [Project(id="a", title="Board")]


def test_a_bad_filter_is_reported_at_once_and_not_when_the_first_page_is_wanted() -> None:
    with pytest.raises(ConfigurationError, match="title must be a string that is not empty"):
        lister(Service(), PROJECTS)(title="")


async def test_the_files_of_a_project_are_listed_inside_it() -> None:
    service = Service(Reply(200, body=b'{"meta": {"total_count": 1}, "objects": [{"id": "a"}]}'))
    inside = sublister(service, PROJECT_FILES, Paging)

    assert await inside(ID, page_size=7).collect() == [File(id="a")]
    assert service.lines == [f"GET /api/v2/projects/{ID}/files/?limit=7&offset=0"]
    assert inside.__name__ == "files"
    assert list(inspect.signature(inside).parameters) == ["id", "page_size", "offset"]
    assert "List the files" in (inside.__doc__ or "")


@pytest.mark.parametrize("id", ["", "..", "a/b"])
def test_a_listing_inside_nothing_is_refused(id: str) -> None:  # noqa: A002
    with pytest.raises(ConfigurationError):
        sublister(Service(), PROJECT_FILES, Paging)(id)


async def test_get_reads_one_object() -> None:
    service = Service(Reply(200, body=b'{"id": "a", "title": "Board"}'))

    assert await verbs(service)["get"](ID) == Project(id="a", title="Board")
    assert service.lines == [f"GET /api/v2/projects/{ID}/"]


async def test_get_may_find_nothing() -> None:
    with pytest.raises(NotFoundError):
        await verbs(Service(Reply(404)))["get"](ID)


async def test_create_sends_what_is_given_and_gives_the_id() -> None:
    service = Service(Reply(201, {"Location": f"/api/v2/projects/{ID}/"}))

    assert await verbs(service)["create"](space="s", title="Board") == ID
    assert service.lines == ["POST /api/v2/projects/"]
    assert service.sent[0].body == b'{"title": "Board", "space": "s"}'
    assert not service.sent[0].repeatable


async def test_a_creation_whose_answer_failed_is_not_known_to_have_failed() -> None:
    with pytest.raises(OutcomeUnknownError):
        await verbs(Service(Reply(502)))["create"](space="s", title="Board")


async def test_update_sends_what_is_given() -> None:
    service = Service(Reply(204))

    await verbs(service)["update"](ID, title="Board 2026", due_date=None)

    assert service.lines == [f"PUT /api/v2/projects/{ID}/"]
    assert isinstance(service.sent[0].body, bytes)
    assert json.loads(service.sent[0].body) == {"title": "Board 2026", "due_date": None}


async def test_delete_deletes() -> None:
    service = Service(Reply(204))

    await verbs(service)["delete"](ID)
    await deleter(service, FILES)(ID)

    assert service.lines == [f"DELETE /api/v2/projects/{ID}/", f"DELETE /api/v2/files/{ID}/"]


@pytest.mark.parametrize("name", ["get", "update", "delete"])
async def test_an_empty_id_sends_nothing(name: str) -> None:
    service = Service()

    with pytest.raises(ConfigurationError, match="'' is not a valid id"):
        await verbs(service)[name]("")

    assert service.sent == []
