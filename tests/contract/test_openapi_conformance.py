"""The sandbox against the OpenAPI description: what schemathesis makes of it is answered as described.

Deselected by default: `pip install '.[contract]'`, then `pytest -m contract`.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from attrs import frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from coredata_async.resources.registry import Endpoint, endpoints
from coredata_async.sandbox import SandboxThread
from tools.openapi import describe

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

EVERY = [pytest.param(each, id=each.operation) for each in endpoints()]
REFUSALS = ("400", "401", "404", "409")
"""Statuses of the sandbox for responses that the description leaves open as `default`."""
BOUNDED = settings(
    max_examples=16,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@frozen
class Ground:
    """A sandbox with one of each thing, and how a made-up request comes to be about them."""

    box: SandboxThread
    session: Any
    ids: dict[str, Any]

    def put_under(self, case: Any, endpoint: Endpoint) -> None:
        """Set the ids of existing objects in a request."""
        noun = endpoint.path.split("/")[3]
        for name in case.path_parameters or {}:
            case.path_parameters[name] = self.ids[noun]
        given = self.ids["contact" if noun == "contacts" else "fields"]
        for said in (case.body, case.query):
            if isinstance(said, dict):
                said.update({name: given[name] for name in given.keys() & said.keys()})

    def answer(self, case: Any, endpoint: Endpoint) -> Any:
        sent = key(self.box, endpoint.path)
        return case.call(self.box.url, self.session, sent, allow_redirects=False)


@pytest.fixture
def ground() -> Iterator[Ground]:
    from requests import Session  # noqa: PLC0415  # comes with schemathesis

    with SandboxThread() as box, Session() as session:
        state = box.state
        contact, task = state.add_contact("Leia"), state.add_task(box.project, "Read it")
        folder, comment = state.add_folder("Minutes", box.project), state.add_comment(box.project, "Sæl")
        with_file(box, folder, session)
        (file,) = state.files
        ids = {
            "spaces": box.space,
            "projects": box.project,
            "files": file.id,
            "folders": folder,
            "tasks": task,
            "contacts": contact,
            "user": "leia",
            "comments": comment,
            "valuelists": "project_status",
            "dynatypes": state.dynatype_id("File"),
            "docs": task,
            "fields": {
                "space": box.space,
                "project": box.project,
                "parent": folder,
                "doc_id": box.project,
                "contacts": [contact],
                "associated_users": ["leia"],
                "responsible_users": ["leia"],
                "dynatype": "Memo",
                "blob_name": file.fields["blob_name"],
                "digest": file.fields["digest"],
                "snapshot_id": file.snapshot_id,
            },
            "contact": {"parent": "", "organization": "", "emails": [{"email": "a@b.is"}], "urls": []},
        }
        yield Ground(box, session, ids)


def with_file(box: SandboxThread, folder: str, session: Any) -> None:
    fields = {"filename": "a.txt", "title": "a", "parent": folder}
    url = f"{box.url}/api/v2/files/"
    answer = session.post(url, headers=key(box), data=fields, files={"content": b"content"}, timeout=10)
    assert answer.status_code == 201


def key(box: SandboxThread, path: str = "/v2/") -> dict[str, str]:
    words = box.api_key_v3 if "/v3/" in path else f"{box.api_user}:{box.api_key}"
    return {"Authorization": f"apikey {words}"}


def closed() -> dict[str, Any]:
    """Return the description, with the sandbox's refusals where it documents none."""
    found = describe()
    for methods in found["paths"].values():
        for operation in methods.values():
            words = operation["responses"].pop("default")
            operation["responses"] |= {
                status: words for status in REFUSALS if status not in operation["responses"]
            }
    return found


@cache
def schema() -> Any:
    import schemathesis  # noqa: PLC0415  # the extra `contract`

    found = schemathesis.openapi.from_dict(closed())
    found.config.generation.update(with_security_parameters=False)
    return found


def made_up(endpoint: Endpoint, *, valid: bool) -> st.SearchStrategy[Any]:
    """Return requests for an endpoint that match the description, or do not."""
    from schemathesis import GenerationMode  # noqa: PLC0415

    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    return schema()[endpoint.path][endpoint.method].as_strategy(generation_mode=mode)


@pytest.mark.parametrize("endpoint", EVERY)
def test_a_valid_request_is_answered_as_described(ground: Ground, endpoint: Endpoint) -> None:
    from schemathesis import checks  # noqa: PLC0415
    from schemathesis.specs.openapi import checks as openapi  # noqa: PLC0415

    wanted = [
        checks.not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_headers_conformance,
        openapi.response_schema_conformance,
    ]
    seen: set[int] = set()

    @BOUNDED
    @given(case=made_up(endpoint, valid=True), grounded=st.sampled_from([True, True, False]))
    def conforms(case: Any, grounded: bool) -> None:
        if grounded:
            ground.put_under(case, endpoint)
        answer = ground.answer(case, endpoint)
        case.validate_response(answer, checks=wanted)
        seen.add(answer.status_code)

    conforms()

    assert endpoint.status in seen, f"none of the requests succeeded: {sorted(seen)}"


@pytest.mark.parametrize("endpoint", EVERY)
def test_an_invalid_request_breaks_nothing(ground: Ground, endpoint: Endpoint) -> None:
    @settings(BOUNDED, max_examples=8)
    @given(case=made_up(endpoint, valid=False), grounded=st.booleans())
    def holds(case: Any, grounded: bool) -> None:
        if grounded:
            ground.put_under(case, endpoint)
        assert ground.answer(case, endpoint).status_code < 500

    try:
        holds()
    except Exception as exc:
        if "Unsatisfiable" not in type(exc).__name__:
            raise
