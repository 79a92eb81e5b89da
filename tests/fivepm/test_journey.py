"""Tests of all 36 methods by the client, against a service in one dialect after the other.

The sandbox is written from the facts and not from the client, so that each proves the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from coredata_async.errors import NotFoundError
from coredata_async.fivepm import Attachment, FivePM
from coredata_async.fivepm.methods import METHODS
from coredata_async.sandbox.fivepm.dialect import Dialect
from tests.rig import QUICK

DIALECTS: dict[str, dict[str, Any]] = {
    "as expected": {},
    "bare": {"wrapped": False, "numbers": "numbers", "empty_value": "null"},
    "response": {"root": "response", "numbers": "mixed", "booleans": "words"},
    "named": {"named": True, "empty_value": "list"},
    "item": {"items": "item", "empty_list": "object"},
    "numeric": {"items": "numeric", "empty_list": "list"},
    "bare lists": {"items": "bare", "totals": False, "empty_list": "null", "wrapped": False},
    "ids": {"team_items": "ids", "items": "item", "numbers": "numbers"},
    "dates": {"dates": "z", "no_date": "zero"},
    "t": {"dates": "t", "bom": True},
    "liar": {"content_type": "text/html", "honours_ret_type": False},
    "turned": {"content_type": "text/plain", "format": "json", "honours_ret_type": False},
    "empty": {"missing": "empty", "errors": "body", "file_verb": "get", "wrong_verb": 404},
    "enveloped": {"download": "enveloped", "page_cap": 1, "offset_base": 1},
}


async def journey(pm: FivePM) -> list[object]:
    """Use everything, and return the results."""
    await pm.auth.sign_in()
    me = await pm.auth.user()
    results: list[object] = [me, await pm.metainfo.statuses(), await pm.metainfo.priorities()]
    group = await pm.groups.add(name="Clients")
    results += [
        group,
        await pm.groups.update(group.id, name="Customers & <Co>"),
        await pm.groups.get(group.id),
    ]
    results += [await pm.groups.list().collect()]
    project = await pm.projects.add(name="Audit", group_id=group.id, tags=["a", "b"], team=[me.id])
    when = datetime(2026, 11, 22, 10)
    results += [
        await pm.projects.update(project.id, end_date=when, hidden=False),
        await pm.projects.get(project.id),
    ]
    results += [await pm.projects.all(), await pm.projects.list(group_id=group.id, load_team=True).collect()]
    task = await pm.tasks.add(name="ẞ\"'&", project_id=project.id, priority=3, estimated_time=1.5)
    other = await pm.tasks.add(name="two", project_id=project.id)
    results += [await pm.tasks.update(task.id, progress=50, description=None), await pm.tasks.get(task.id)]
    results += [await pm.tasks.list(project_id=project.id).collect()]
    new = await pm.users.add(first_name="Án", email="an@5pm.invalid", password="hush", security_level=200)
    await pm.users.update(new.id, company="X")
    results += [await pm.users.get(new.id), await pm.users.get_by_email("an@5pm.invalid")]
    results += [await pm.users.list().collect()]
    note = await pm.activity.add(task_id=task.id, type="msg", text="line\nline")
    await pm.activity.attach(note.id, [Attachment(source=b"\0abc", name="a b.txt")])
    (file,) = await pm.activity.files(project_id=project.id)
    results += [await pm.activity.update(note.id, text="<b>"), await pm.activity.get(note.id), file]
    results += [await pm.activity.list(task_id=task.id, with_files=True, with_names=True).collect()]
    async with pm.activity.download(file.id) as body:
        results += [await body.read()]
    await pm.activity.remove_file(file.id)
    await pm.activity.remove(note.id)
    for each in (task, other):
        await pm.tasks.remove(each.id)
    await gone(pm.tasks.get, task.id)
    await pm.projects.remove(project.id)
    await pm.groups.remove(group.id)
    await pm.users.remove(new.id)
    await gone(pm.users.get_by_email, "an@5pm.invalid")
    return results


async def gone(get: Callable[[str], Awaitable[object]], key: str) -> None:
    with pytest.raises(NotFoundError):
        await get(key)


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("name", DIALECTS)
async def test_every_method_works_in_every_dialect(box: Any, name: str, format: Any) -> None:  # noqa: A002
    box.fivepm.dialect = evolve(Dialect(), **DIALECTS[name])
    account = {"login": box.fivepm.login, "password": box.fivepm.password}

    async with FivePM(box.fivepm.url, **account, format=format, retry=QUICK) as pm:
        results = await journey(pm)

    assert results[-1] == b"\0abc"
    assert {each.operation.removeprefix("5pm.") for each in box.state.requests} >= METHODS.keys()
    assert box.fivepm.emails == []
