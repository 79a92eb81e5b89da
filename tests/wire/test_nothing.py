"""The one empty `extra` that everything read shares."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from coredata_async.wire.nothing import NOTHING


def test_it_is_an_empty_dict() -> None:
    assert NOTHING == {}
    assert isinstance(NOTHING, dict)
    assert json.dumps(NOTHING) == repr(NOTHING) == "{}"
    assert {"a": 1, **NOTHING} == NOTHING | {"a": 1} == {"a": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.__setitem__("a", 1),
        lambda it: it.setdefault("a", 1),
        lambda it: it.update(a=1),
        lambda it: it.__ior__({"a": 1}),
    ],
)
def test_nothing_can_be_put_into_it(change: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match="cannot be changed"):
        change(NOTHING)

    assert NOTHING == {}


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), dict.copy, dict]
)
def test_its_copies_are_ordinary_dicts(twin: Callable[[Any], Any]) -> None:
    copied = twin(NOTHING)
    copied["a"] = 1

    assert type(copied) is dict
    assert NOTHING == {}
