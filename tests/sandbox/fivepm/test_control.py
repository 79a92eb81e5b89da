"""Tests of the sandbox's endpoint for 5pm, as another process uses it."""

import pytest

from coredata_async.sandbox.fivepm.dialect import Dialect

LIKELY = Dialect()


async def asked(pm, method="GET", **body):
    async with pm.session.request(method, f"{pm.account.url}/sandbox/fivepm", json=body or None) as got:
        return got.status, await got.json()


async def test_it_shows_all_objects(pm):
    await pm.project(notifyProjectTeam=1)

    _, results = await asked(pm)

    assert results["dialect"]["root"] == "data"
    assert (results["counts"]["project"], results["counts"]["user"], results["signed_in"]) == (1, 3, 0)
    assert results["emails"] == [{"flag": "notifyProjectTeam", "noun": "project", "id": "1", "to": []}]


async def test_it_switches_the_dialect_and_ends_sessions(pm):
    token = await pm.signed_in()

    await asked(
        pm, "POST", dialect={"errors": "body", "offset_base": None, "page_cap": 2}, expire_sessions=True
    )

    dialect = pm.account.dialect
    assert (dialect.errors, dialect.offset_base, dialect.page_cap) == ("body", None, 2)
    assert (await pm.get("users/getAll", signed=False, sessionId=token)).json["status"] == "fail"


@pytest.mark.parametrize(
    "wrong", [{"errors": "josn"}, {"colour": "red"}, {"page_cap": True}, {"offset_base": 2}, []]
)
async def test_what_no_dialect_can_be_is_refused(pm, wrong):
    status, _ = await asked(pm, "POST", dialect=wrong)

    assert (status, pm.account.dialect) == (400, LIKELY)
