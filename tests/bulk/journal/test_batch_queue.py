"""Queue of the journal's thread: nothing is lost, and a write waits only if the last group had several."""

import threading

import pytest

from coredata_async.bulk.journal import batch_queue
from coredata_async.bulk.journal.batch_queue import GROUP_TARGET, BatchQueue, Priority

NOTE, WRITE, QUESTION = Priority.NOTE, Priority.WRITE, Priority.QUESTION
EVER = 60.0
"""Timeout in seconds that only a failing test reaches."""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Prevent the delays from ending, so that nothing is taken because of a timeout."""
    monkeypatch.setattr(batch_queue, "NOTE_WAIT", EVER)
    monkeypatch.setattr(batch_queue, "GROUP_WAIT", EVER)


class Taker:
    """Thread that calls `take` once."""

    def __init__(self, box: BatchQueue[int]) -> None:
        self.taken: list[int] = []
        self._thread = threading.Thread(target=lambda: self.taken.extend(box.take()), daemon=True)
        self._thread.start()

    def end(self) -> list[int]:
        self._thread.join(EVER / 2)
        assert not self._thread.is_alive()
        return self.taken


def put(box: BatchQueue[int], priority: Priority, *numbers: int) -> None:
    for number in numbers:
        box.put(number, priority)


def test_all_is_taken_in_its_order():
    box = BatchQueue[int]()
    put(box, NOTE, 1)
    put(box, WRITE, 2)
    put(box, NOTE, 3)
    put(box, QUESTION, 4)

    assert box.take() == [1, 2, 3, 4]


def test_a_note_waits_until_a_write_comes():
    box = BatchQueue[int]()
    taker = Taker(box)
    put(box, NOTE, 1, 2, 3)
    put(box, WRITE, 4)

    assert taker.end() == [1, 2, 3, 4]


def test_a_note_that_stays_alone_is_taken_after_the_delay(monkeypatch):
    monkeypatch.setattr(batch_queue, "NOTE_WAIT", 0.001)
    box = BatchQueue[int]()
    taker = Taker(box)
    put(box, NOTE, 1)

    assert taker.end() == [1]


def test_a_single_write_is_not_delayed():
    box = BatchQueue[int]()
    for number in range(3):
        put(box, WRITE, number)
        assert box.take() == [number]


def test_a_group_waits_for_as_many_writes_as_the_last_one():
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2, 3)
    assert box.take() == [1, 2, 3]

    taker = Taker(box)
    put(box, WRITE, 4)
    put(box, NOTE, 5)
    put(box, WRITE, 6, 7)

    assert taker.end() == [4, 5, 6, 7]


def test_a_question_ends_the_delay():
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2, 3)
    box.take()

    taker = Taker(box)
    put(box, WRITE, 4)
    put(box, WRITE, 5)
    put(box, QUESTION, 6)

    assert taker.end() == [4, 5, 6]


def test_a_large_group_does_not_wait_to_become_as_large_again():
    box = BatchQueue[int]()
    put(box, WRITE, *range(100))
    box.take()
    put(box, WRITE, *range(GROUP_TARGET))

    assert box.take() == list(range(GROUP_TARGET))


def test_writes_that_do_not_come_are_not_waited_for_again(monkeypatch):
    monkeypatch.setattr(batch_queue, "GROUP_WAIT", 0.001)
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2)
    box.take()
    put(box, WRITE, 3)
    assert box.take() == [3]

    monkeypatch.setattr(batch_queue, "GROUP_WAIT", EVER)
    put(box, WRITE, 4)
    assert box.take() == [4]


@pytest.mark.parametrize("priority", [None, NOTE, WRITE])
def test_the_end_waits_for_nothing_and_leaves_nothing(priority):
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2)
    box.take()
    taker = Taker(box)
    if priority is not None:
        put(box, priority, 3)
    box.end()

    assert taker.end() == ([] if priority is None else [3])
    assert box.take() == []


@pytest.mark.parametrize("pause", [0.0, 0.0001])
def test_nothing_is_lost_and_no_wait_is_endless_in_any_order(monkeypatch, pause):
    monkeypatch.setattr(batch_queue, "NOTE_WAIT", pause)
    monkeypatch.setattr(batch_queue, "GROUP_WAIT", pause)
    box = BatchQueue[int]()
    taken: list[int] = []

    def work() -> None:
        while found := box.take():
            taken.extend(found)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    for number in range(6000):
        put(box, (NOTE, WRITE, QUESTION, NOTE, WRITE)[number % 5], number)
    box.end()
    thread.join(EVER / 2)

    assert taken == list(range(6000))
