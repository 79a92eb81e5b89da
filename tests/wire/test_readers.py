"""Selection of the reader for a type."""

import json

import pytest

from coredata_async.resources.files import File
from coredata_async.resources.registry import ROWS
from coredata_async.resources.values import Aspects
from coredata_async.wire.convert import structure
from coredata_async.wire.readers import reader
from tests import vendor


@pytest.mark.parametrize("name", ROWS)
def test_there_is_a_reader_for_every_noun_made_once(name: str) -> None:
    model = ROWS[name].model

    assert reader(model) is reader(model)
    assert type(structure({"id": "a", "username": "a", "name": "a"}, model)) is model


def test_documents_that_were_read_share_the_empty_aspects_which_nothing_can_change() -> None:
    one, other = (structure({**json.loads(vendor.FILE), "id": name}, File) for name in "ab")

    assert one.aspects is other.aspects
    with pytest.raises(AttributeError):
        one.aspects._raw = {"url": {}}  # type: ignore[misc]
    with pytest.raises(TypeError):
        one.aspects["url"] = {}  # type: ignore[index]


def test_aspects_that_hold_something_are_an_objects_own() -> None:
    raw = {**json.loads(vendor.FILE), "aspects": {"url": {"url": "x"}}}

    assert structure(raw, File).aspects == Aspects({"url": {"url": "x"}})
    assert structure(raw, File).aspects is not structure(raw, File).aspects
