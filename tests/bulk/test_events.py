"""Events as plain data."""

import asyncio
import json
from typing import get_args, get_type_hints

import pytest

from coredata_async.bulk import Event, FileDone, FileSkipped, Reason
from coredata_async.bulk.events import EventStream, from_dict, to_dict
from coredata_async.errors import ConfigurationError

VALUES = {str: "a", int: 3, float: 1.5, bool: True, Reason: Reason.SAME}


def some(kind):
    types = get_type_hints(kind)
    return kind(**{name: VALUES[(*get_args(each), each)[0]] for name, each in types.items()})


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_is_the_same_after_a_passage_through_json(kind) -> None:
    event = some(kind)

    assert from_dict(json.loads(json.dumps(to_dict(event)))) == event


def test_an_event_is_named_by_its_class() -> None:
    assert to_dict(FileDone(path="a", file_id="f1", size=3)) == {
        "event": "FileDone",
        "path": "a",
        "file_id": "f1",
        "size": 3,
        "earlier": False,
    }
    assert from_dict({"event": "FileSkipped", "path": "a", "reason": "exists"}) == FileSkipped(
        path="a", reason=Reason.EXISTS
    )


@pytest.mark.parametrize(
    "data", [{}, {"event": "Sneezed"}, {"event": "FileDone"}, {"event": "Progress", "x": 1}]
)
def test_other_data_is_refused(data) -> None:
    with pytest.raises(ConfigurationError):
        from_dict(data)


async def test_every_task_that_waits_for_events_sees_their_end() -> None:
    stream = EventStream()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = [group.create_task(stream.next()) for _ in range(3)]
        await asyncio.sleep(0)
        await stream.end()

    assert [task.result() for task in waiting] == [None] * 3


async def test_a_task_that_waits_for_events_ends_when_they_are_detached() -> None:
    stream = EventStream()
    waiting = asyncio.create_task(stream.next())
    await asyncio.sleep(0)

    stream.detach()
    stream.detach()

    async with asyncio.timeout(5):
        assert (await waiting, await stream.next()) == (None, None)
