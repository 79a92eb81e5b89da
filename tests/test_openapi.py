"""The OpenAPI description matches the rows, and is up to date."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from coredata_async.resources.files import FileWhere
from coredata_async.resources.projects import EditProject, NewProject, Project
from coredata_async.resources.registry import ROWS, endpoints
from tools.openapi import describe
from tools.openapi.__main__ import main

ROOT = Path(__file__).parent.parent
DOCUMENT = describe()
EVERY = [pytest.param(each, id=each.operation) for each in endpoints()]


def operation(name: str) -> Any:
    (found,) = (each for _, _, each in operations() if each["operationId"] == name)
    return found


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, each in methods.items():
            yield path, method, each


def body(name: str, kind: str = "application/json") -> Any:
    return operation(name)["requestBody"]["content"][kind]["schema"]


def parameters(name: str, place: str = "query") -> dict[str, Any]:
    return {each["name"]: each for each in operation(name)["parameters"] if each["in"] == place}


def schema(name: str) -> Any:
    return DOCUMENT["components"]["schemas"][name]


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_every_row_of_the_table_is_an_operation_and_nothing_else_is() -> None:
    described = {(each["operationId"], method.upper(), path) for path, method, each in operations()}

    assert described == {(each.operation, each.method, each.path) for each in endpoints()}


@pytest.mark.parametrize("endpoint", EVERY)
def test_an_operation_says_what_success_is_and_what_it_rests_on(endpoint) -> None:
    described = operation(endpoint.operation)

    assert set(described["responses"]) - {"200"} == {str(endpoint.status), "default"} - {"200"}
    assert str(endpoint.status) in described["responses"]
    assert "No error is documented" in described["responses"]["default"]["description"]
    assert (described["x-evidence"], described["x-source"]) == (
        endpoint.proof.evidence,
        endpoint.proof.source,
    )


@pytest.mark.parametrize("endpoint", EVERY)
def test_every_place_in_a_path_is_a_parameter(endpoint) -> None:
    places = set(parameters(endpoint.operation, "path"))

    assert places == {part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")}


def test_every_reference_leads_somewhere() -> None:
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}

    assert set(refs(DOCUMENT)) <= there


def test_every_schema_is_referred_to() -> None:
    used = {each.rpartition("/")[2] for each in refs(DOCUMENT)}

    assert set(DOCUMENT["components"]["schemas"]) == used


def test_the_two_forms_of_the_key() -> None:
    assert operation("projects.list")["security"] == [{"apikeyV2": []}]
    assert operation("blobs.reserve")["security"] == [{"apikeyV3": []}]
    for scheme in DOCUMENT["components"]["securitySchemes"].values():
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")


@pytest.mark.parametrize("name", ROWS)
def test_a_listing_takes_its_filters_and_the_paging(name: str) -> None:
    own = {attribute.name for attribute in attrs.fields(ROWS[name].where)} - {"page_size", "offset"}

    assert set(parameters(f"{name}.list")) == own | {"limit", "offset"}


def test_filters_by_date_are_dates_and_a_range_is_two_of_them_with_a_comma() -> None:
    found = parameters("files.list")

    assert set(found) == {attribute.name for attribute in attrs.fields(FileWhere)} - {"page_size"} | {"limit"}
    assert found["created__gt"]["schema"] == {"type": "string", "format": "date-time"}
    assert found["title"]["schema"] == {"type": "string", "minLength": 1}
    assert (found["created__range"]["style"], found["created__range"]["explode"]) == ("form", False)
    assert found["created__range"]["schema"]["items"]["format"] == "date-time"
    assert found["limit"]["schema"]["default"] == 20


def test_a_new_object_names_what_must_be_there() -> None:
    new = body("projects.create")

    assert set(new["required"]) == {"space", "title"}
    assert set(new["properties"]) == {attribute.name for attribute in attrs.fields(NewProject)}
    assert new["properties"]["due_date"] == {"type": "string", "format": "date"}
    assert new["properties"]["contacts"]["items"] == {"type": "string"}
    assert body("comments.create")["required"] == ["doc_id", "text"]
    assert set(body("contacts.create")["properties"]["emails"]["items"]["properties"]) == {"email", "label"}


def test_a_change_names_what_null_clears() -> None:
    edit = body("projects.update")

    assert "required" not in edit
    assert set(edit["properties"]) == {attribute.name for attribute in attrs.fields(EditProject)}
    assert edit["properties"]["due_date"]["type"] == ["string", "null"]
    assert edit["properties"]["contacts"]["type"] == ["array", "null"]
    assert edit["properties"]["title"]["type"] == "string"


def test_a_file_is_changed_whole_and_its_lists_are_strings() -> None:
    edit = body("files.update")

    assert edit["required"] == ["filename", "title", "parent"]
    assert edit["properties"]["tags"] == {"type": "string", "description": "Comma-separated."}


def test_a_file_is_made_by_a_form_of_content_or_of_a_blob() -> None:
    form = body("files.create", "multipart/form-data")

    assert form["required"] == ["filename", "title", "parent"]
    assert form["oneOf"] == [{"required": ["content"]}, {"required": ["blob_name"]}]
    assert form["properties"]["content"]["format"] == "binary"


def test_content_is_bytes_in_and_a_redirect_out() -> None:
    put, get = operation("files.replace"), operation("files.download")

    assert set(put["requestBody"]["content"]) == {"application/octet-stream"}
    assert not put["requestBody"].get("required")
    assert set(put["responses"]["201"]["headers"]) == {
        "X-Coredata-fields-filedigest",
        "X-Coredata-fields-snapshot-id",
    }
    assert set(parameters("files.replace")) == {"filename", "snapshot_id", "blob_name", "digest"}
    location = get["responses"]["302"]["headers"]["Location"]
    assert location["schema"] == {"type": "string", "format": "uri"}
    assert "signed URL of the bytes" in location["description"]
    assert "new object" not in location["description"]
    assert "application/octet-stream" in get["responses"]["200"]["content"]


@pytest.mark.parametrize("name", ROWS)
def test_a_model_needs_its_key_and_knows_its_fields_and_lets_others_be(name: str) -> None:
    kind = ROWS[name]
    found = schema(kind.model.__name__)

    assert found["required"] == [kind.key]
    assert set(found["properties"]) == {attribute.name for attribute in attrs.fields(kind.model)} - {"extra"}
    assert found["additionalProperties"] is True


def test_every_field_of_a_model_but_the_key_may_be_null() -> None:
    project = schema("Project")["properties"]

    assert project["id"]["type"] == "string"
    assert project["description"]["type"] == ["string", "null"]
    assert project["space"]["anyOf"] == [{"$ref": "#/components/schemas/SpaceRef"}, {"type": "null"}]
    assert project["created"]["format"] == "date-time-local"
    assert project["due_date"]["format"] == "date"
    assert schema("File")["properties"]["size"]["type"] == ["integer", "null"]
    assert schema("Comment")["properties"]["id"]["type"] == "integer"


def test_the_words_below_a_field_are_its_description() -> None:
    assert schema("Project")["properties"]["identifier"]["description"] == "Year and number, `2016-189`."
    words = schema("Project")["properties"]["snapshot_id"]["description"]

    assert words == "Changes with every change of the document."
    assert schema("Project")["description"] == Project.__doc__


def test_the_current_user_is_a_listing_of_one() -> None:
    answer = operation("me")["responses"]["200"]["content"]["application/json"]["schema"]

    assert answer == {"$ref": "#/components/schemas/UserList"}
    assert schema("UserList")["required"] == ["meta", "objects"]


def test_each_call_makes_a_document_of_its_own() -> None:
    first = describe()
    first["paths"].clear()
    first["components"]["schemas"]["Project"]["properties"].clear()

    assert describe() == DOCUMENT


def test_the_description_in_the_docs_is_up_to_date() -> None:
    stored = (ROOT / ".docs" / "openapi.json").read_text("utf-8")

    assert json.loads(stored) == DOCUMENT, "run: python -m tools.openapi --docs .docs"


def test_anyone_can_print_it(capsys: pytest.CaptureFixture[str]) -> None:
    main([])

    assert capsys.readouterr().out == (ROOT / ".docs" / "openapi.json").read_text("utf-8")


@pytest.mark.contract
def test_it_is_a_valid_document_of_version_3_1() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415  # the extra `contract`

    assert [str(each) for each in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
