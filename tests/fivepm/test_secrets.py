"""Tests that no log, hook, error, repr or traceback shows a password or a session id."""

import copy
import logging
import pickle
import traceback

import pytest
from attrs import evolve

from coredata_async import ConfigurationError, CoreDataError, Retry
from coredata_async.fivepm import Attachment, FivePM
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret
from tests.rig import QUICK, some_bytes

PASSWORD = 'p&ss/wörd "<1>+%'
NEW = "another/s3cret"
STEPS = ("user", "list", "add", "person", "attach", "download", "remove")

FAULTS = {
    "400 that echoes": lambda faults, said: faults.status(
        "*", 400, times=99, body=f'{{"error": "bad {said}"}}'
    ),
    "200 that echoes": lambda faults, said: faults.status(
        "*", 200, times=99, body=f'{{"error": "bad {said}"}}'
    ),
    "401 that echoes": lambda faults, said: faults.status("*", 401, times=99, body=f"<pre>{said}</pre>"),
    "500 that echoes": lambda faults, said: faults.status("*", 500, times=99, body=f"<html>{said}</html>"),
    "page that echoes": lambda faults, said: faults.status("*", 200, times=99, body=f"<html>{said}</html>"),
    "redirect": lambda faults, said: faults.status(
        "*", 302, times=99, headers={"Location": f"https://h/?password={said}"}
    ),
    "html": lambda faults, said: faults.html("*", times=99),
    "broken JSON": lambda faults, said: faults.broken_json("*", times=99),
    "reset": lambda faults, said: faults.reset_before("*", times=99),
    "lost": lambda faults, said: faults.reset_after("*", times=99),
    "cut short": lambda faults, said: faults.truncate("*", 3, times=99),
}


def shown(error: BaseException) -> str:
    """Return all that a log, a terminal or a pickle of an error may show."""
    parts = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    if isinstance(error, CoreDataError):
        parts += [repr(vars(pickle.loads(pickle.dumps(error)))), repr(vars(copy.copy(error)))]
    return "\n".join(parts)


async def step(pm, name):
    match name:
        case "user":
            await pm.auth.user()
        case "list":
            await pm.tasks.list().collect()
        case "add":
            await pm.projects.add(name="Audit")
        case "person":
            await pm.users.add(first_name="Han", email="h@5pm.invalid", password=NEW, security_level=100)
        case "attach":
            await pm.activity.attach("1", [Attachment(source=some_bytes(100_000), name="a")])
        case "download":
            async with pm.activity.download("1") as body:
                await body.read()
        case "remove":
            await pm.tasks.remove("1")


async def all_steps(pm) -> list[str]:
    results = []
    for name in STEPS:
        try:
            await step(pm, name)
        except Exception as exc:  # noqa: BLE001  # what it shows is the question
            results.append(shown(exc))
    return results


def own(box, **options):
    return FivePM(box.fivepm.url, login=box.fivepm.login, **options)


def ids(box) -> list[str]:
    return list(box.fivepm.sessions._open)


@pytest.mark.parametrize("credential", ["session", "login"])
@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fails_nothing_secret_is_shown(box, caplog, fault, credential, signed_in):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="coredata_async")
    password, events = box.fivepm.password, []
    pm = own(box, password=password, credential=credential, retry=QUICK, hooks=[events.append])
    async with pm:
        if signed_in:
            await pm.auth.user()
        secrets = [password, NEW, *ids(box)]
        FAULTS[fault](box.faults, " ".join(each for each in secrets if each != NEW))
        results = [*await all_steps(pm), repr(pm), repr(vars(pm))]
        secrets += ids(box)
    results += [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    results += [repr(event) for event in events]

    assert events
    assert [text for text in results for secret in secrets if secret in text] == []


async def test_the_password_of_a_new_user_is_not_repeated(box):
    async with own(box, password=box.fivepm.password, retry=Retry.none()) as pm:
        for status in (200, 422, 500):
            box.faults.status("5pm.users.add", status, body=f'{{"error": "no {NEW}"}}')
            with pytest.raises(CoreDataError) as caught:
                await step(pm, "person")
            assert NEW not in shown(caught.value)


async def test_posts_have_no_secret_in_their_address(box):
    async with own(box, password=box.fivepm.password, retry=Retry.none()) as pm:
        await all_steps(pm)
        secrets = [box.fivepm.password, NEW, *ids(box)]

    posts = [each for each in box.state.requests if each.method == "POST"]
    assert posts
    assert not [each for each in posts for secret in secrets if secret in each.target]


def test_a_password_with_odd_characters_is_masked_however_it_is_spelled():
    echoes = [
        b'p&ss/w\xc3\xb6rd "<1>+%',
        b"p%26ss%2Fw%C3%B6rd%20%22%3C1%3E%2B%25",
        b"p%26ss%2Fw%C3%B6rd+%22%3C1%3E%2B%25",
        b"p&amp;ss/w\xc3\xb6rd &quot;&lt;1&gt;+%",
        rb"p&ss\/w\u00f6rd \"<1>+%",
        rb"p&ss/w\u00f6rd \"<1>+%",
    ]

    for echo in echoes:
        assert Redactor((Secret(PASSWORD),)).excerpt(b"bad " + echo + b"!") == "bad ***!"


@pytest.mark.parametrize("options", [{"login": "l", "password": ""}, {"login": "", "password": "s3cr3t"}])
def test_what_is_missing_is_said_without_what_is_there(options):
    with pytest.raises(ConfigurationError) as caught:
        FivePM("acme", **options)

    assert "s3cr3t" not in shown(caught.value)


async def test_a_served_text_that_holds_the_session_is_left_alone(box):
    async with own(box, password=box.fivepm.password) as pm:
        await pm.auth.sign_in()
        project = await pm.projects.add(name=f"see {ids(box)[0]}")

        assert (await pm.projects.get(project.id)).name == f"see {ids(box)[0]}"


async def test_the_dialects_of_errors_show_nothing_either(box):
    for errors in ("status", "body", "html", "php"):
        box.fivepm.dialect = evolve(box.fivepm.dialect, errors=errors)
        async with own(box, password="wr0ng-pw", retry=Retry.none()) as pm:
            results = await all_steps(pm)
        assert results
        assert not [text for text in results if "wr0ng-pw" in text or NEW in text]
