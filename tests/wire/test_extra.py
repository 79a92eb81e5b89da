"""The shared empty `extra` of all objects that were read."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from coredata_async.wire.extra import EMPTY_EXTRA


def test_it_is_an_empty_dict() -> None:
    assert EMPTY_EXTRA == {}
    assert isinstance(EMPTY_EXTRA, dict)
    assert json.dumps(EMPTY_EXTRA) == repr(EMPTY_EXTRA) == "{}"
    assert {"a": 1, **EMPTY_EXTRA} == EMPTY_EXTRA | {"a": 1} == {"a": 1}


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
        change(EMPTY_EXTRA)

    assert EMPTY_EXTRA == {}


@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), dict.copy, dict]
)
def test_its_copies_are_ordinary_dicts(copier: Callable[[Any], Any]) -> None:
    copied = copier(EMPTY_EXTRA)
    copied["a"] = 1

    assert type(copied) is dict
    assert EMPTY_EXTRA == {}
