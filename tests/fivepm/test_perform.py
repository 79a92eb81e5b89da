"""Tests of the replies that are decoded in the loop, and of those that are not."""

import threading

import pytest

from coredata_async.errors import NotFoundError
from coredata_async.fivepm.calls import groups, tasks
from coredata_async.fivepm.models.group import NewGroup
from coredata_async.fivepm.perform import LARGE, perform
from coredata_async.fivepm.replies import ask
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Reply, Request, Send

FORM = RequestStyle()


def saying(body: bytes) -> Send:
    async def send(_: Request) -> Reply:
        return Reply(200, body=body)

    return send


@pytest.mark.parametrize(("size", "inline"), [(10, True), (LARGE - 20, True), (LARGE + 1, False)])
@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_large_reply_is_read_in_a_thread(size: int, inline: bool, repeatable: bool) -> None:
    call = ask(Request("POST", "/x", repeatable=repeatable), lambda _: threading.current_thread())

    thread = await perform(saying(b'{"data": "%s"}' % (b"x" * size)), call)

    assert (thread is threading.main_thread()) == inline


async def test_an_object_and_an_error_come_out_of_a_thread_as_they_are() -> None:
    pad = b" " * LARGE

    task = await perform(saying(b'{"data": {"id": "7"}}' + pad), tasks.get(FORM, "7"))
    assert task.id == "7"
    with pytest.raises(NotFoundError, match="no such group"):
        await perform(saying(b'{"error": "no such group"}' + pad), groups.add(FORM, NewGroup(name="x")))
