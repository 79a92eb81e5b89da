"""Tests of hooks for operations: their arguments, and that a broken hook ends no operation."""

import asyncio
import logging
from contextlib import contextmanager

import pytest

from coredata_async.errors import OutcomeUnknownError
from coredata_async.message import Request
from coredata_async.operations import Operation, OperationHook, observe_with, unobserved

POST = Request("POST", "/api/v2/files/")


class Recorder:
    """A hook that records its calls."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ended: list[Operation] = []

    @contextmanager
    def operation(self, operation: Operation):
        self.began.append(operation.name)
        yield
        self.ended.append(operation)


class Broken:
    def __init__(self, *, late: bool) -> None:
        self.late = late

    @contextmanager
    def operation(self, operation: Operation):
        if not self.late:
            raise ZeroDivisionError("SECRET")
        yield
        raise ZeroDivisionError("SECRET")


def test_without_a_hook_that_observes_nothing_is_created() -> None:
    assert observe_with([]) is unobserved
    assert observe_with([print]) is unobserved
    assert unobserved("put") is unobserved("upload")


def test_a_hook_sees_beginning_and_end() -> None:
    hook = Recorder()
    assert isinstance(hook, OperationHook)

    with observe_with([hook])("put") as operation:
        assert hook.began == ["put"]
        operation.size = 7

    assert hook.ended == [operation]
    assert (operation.outcome, operation.size, operation.error) == ("done", 7, None)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ValueError("SECRET"), "failed"),
        (OutcomeUnknownError("SECRET", POST), "unknown"),
        (asyncio.CancelledError(), "cancelled"),
        (KeyboardInterrupt(), "cancelled"),
    ],
)
def test_an_exception_decides_the_outcome(error: BaseException, outcome: str) -> None:
    hook = Recorder()

    with pytest.raises(type(error)), observe_with([hook])("register"):
        raise error

    assert (hook.ended[0].outcome, hook.ended[0].error) == (outcome, type(error).__name__)
    assert "SECRET" not in repr(hook.ended)


@pytest.mark.parametrize("late", [False, True])
def test_a_hook_that_fails_ends_nothing_and_hides_no_other(late: bool, caplog) -> None:
    before, after = Recorder(), Recorder()
    caplog.set_level(logging.WARNING, "coredata_async")

    with observe_with([before, Broken(late=late), after])("upload"):
        pass

    assert len(before.ended) == len(after.ended) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "a hook that observes operations failed: ZeroDivisionError"
    ]
