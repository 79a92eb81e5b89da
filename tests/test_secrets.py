"""The key and signed URLs are never shown: no log, hook, error, repr or traceback contains them."""

import copy
import logging
import pickle
import re
import traceback

import pytest

from coredata_async import ConfigurationError, CoreData, CoreDataError, Retry
from tests.rig import QUICK, some_bytes

pytestmark = pytest.mark.slow

SECRETS = re.compile(r"Signature=|AWSAccessKeyId=|s3f(%3A|:)myuser")
OPERATIONS = ["blobs.reserve", "storage.put", "files.register", "files.list", "files.content", "storage.get"]
REFUSAL = (
    "<Error><Code>SignatureDoesNotMatch</Code>"
    "<Message>no: https://h/laika/b?Signature=x&amp;AWSAccessKeyId=y</Message></Error>"
)
FAULTS = {
    "400 that echoes": lambda faults, op, key: faults.status(
        op,
        400,
        times=9,
        body=f'{{"error": "bad key {key} at https://h/laika/b?Signature=x&AWSAccessKeyId=y"}}',
    ),
    "500 that echoes": lambda faults, op, key: faults.status(op, 500, times=9, body=f"<pre>{key}</pre>"),
    "403 of the storage": lambda faults, op, key: faults.status(op, 403, times=9, body=REFUSAL),
    "redirect": lambda faults, op, key: faults.status(
        op, 302, times=9, headers={"Location": "http://h/?Signature=x"}
    ),
    "html": lambda faults, op, key: faults.html(op, times=9),
    "broken JSON": lambda faults, op, key: faults.broken_json(op, times=9),
    "reset": lambda faults, op, key: faults.reset_before(op, times=9),
    "lost": lambda faults, op, key: faults.reset_after(op, times=9),
    "cut short": lambda faults, op, key: faults.truncate(op, 3, times=9),
    "expired": lambda faults, op, key: faults.expire(op, times=9),
    "wrong digest": lambda faults, op, key: faults.wrong_digest(op, times=9),
}


def shown(error: BaseException) -> str:
    """Return everything that a log, a terminal or a pickle of an error may show."""
    parts = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    if isinstance(error, CoreDataError):
        parts += [repr(vars(pickle.loads(pickle.dumps(error)))), repr(vars(copy.copy(error)))]
    return "\n".join(parts)


async def scenario(client, box) -> list[str]:
    """Upload, list, replace and download; return the text of the failures."""
    failures = []
    file_id = None
    for step in ("upload", "large", "list", "replace", "download"):
        try:
            match step:
                case "upload":
                    up = await client.files.upload(b"abc", parent=box.project, filename="x")
                    file_id = up.file_id
                    failures.append(repr(up))
                case "large":
                    await client.files.upload(some_bytes(200_000), parent=box.project, filename="x")
                case "list":
                    failures.append(repr(await client.files.list().collect()))
                case "replace" if file_id:
                    await client.files.replace(file_id, b"new")
                case "download" if file_id:
                    async with client.files.download(file_id) as body:
                        await body.read()
        except Exception as exc:  # noqa: BLE001  # the output is what is tested
            failures.append(shown(exc))
    return failures


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fails_nothing_secret_is_shown(box, caplog, operation, fault):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="coredata_async")
    key = box.api_key
    events = []
    if operation == "files.list":
        box.faults.reset_after("files.register")
    # Works at first, so that later steps have an object to fail with.
    FAULTS[fault](box.faults, operation, key)

    async with box.client(retry=QUICK, hooks=[events.append]) as client:
        texts = await scenario(client, box)
        texts.append(repr(client))

    texts += [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    texts += [repr(event) for event in events]
    assert events
    for text in texts:
        assert key not in text
        assert not SECRETS.search(text), text
    for seen in box.state.requests:
        if "/laika/" in seen.target:
            assert "authorization" not in seen.headers
            assert "cookie" not in seen.headers


async def test_the_key_never_leaves_in_a_query(client, box):
    await scenario(client, box)

    assert box.state.requests
    assert not [seen for seen in box.state.requests if box.api_key in seen.target]


async def test_a_wrong_key_is_not_repeated_in_the_error(box):
    async with box.client(api_key="s3cr3t", api_key_v3="s3cr3t-v3", retry=Retry.none()) as client:
        texts = await scenario(client, box)

    assert texts
    assert not [text for text in texts if "s3cr3t" in text]


@pytest.mark.parametrize("name", ["api_key", "api_key_v3", "api_user"])
def test_a_key_that_cannot_be_one_is_not_repeated(name):
    good = {"api_user": "u", "api_key": "k", "api_key_v3": "k"}
    odd = "".join(["s3", "cr", "3t", "\n"])  # so that no line of this test holds it

    with pytest.raises(ConfigurationError, match=name) as caught:
        CoreData("https://t.coredata.is", **{**good, name: odd})

    assert odd.strip() not in shown(caught.value)
