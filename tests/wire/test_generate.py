"""Generated readers: equal to a plain loop over the fields, for any JSON."""

import copy
import inspect
import json
import pickle
import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import attrs
import pytest
from attrs import Factory, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.resources.document import SpaceRef, UserRef
from coredata_async.resources.files import File
from coredata_async.resources.projects import Project
from coredata_async.resources.values import Aspects, ListValue
from coredata_async.wire.convert import structure
from coredata_async.wire.generate import EMPTY_EXTRA, Field, generate_reader, source
from coredata_async.wire.readers import reader
from coredata_async.wire.scalars import PartlyReadableError, as_text
from tests import vendor


@frozen(kw_only=True)
class Note:
    """One field of every type that models have."""

    id: str
    title: str = ""
    kind: str = "plain"
    digest: str | None = None
    count: int = -1
    size: int | None = None
    done: bool = False
    when: datetime | None = None
    day: date | None = None
    names: tuple[str, ...] = ()
    status: ListValue = field(default=ListValue(""))
    aspects: Aspects = field(factory=Aspects)
    by: UserRef | None = None
    readers: tuple[UserRef, ...] = ()
    translations: Mapping[str, Any] = field(factory=dict[str, Any])
    open: Any = None
    extra: Mapping[str, Any] = field(factory=dict[str, Any])


KINDS = {
    "id": str,
    "title": str,
    "kind": str,
    "digest": str,
    "count": int,
    "size": int,
    "done": bool,
    "when": datetime,
    "day": date,
    "names": tuple[str, ...],
    "status": ListValue,
    "aspects": Aspects,
    "by": UserRef,
    "readers": tuple[UserRef, ...],
    "translations": Mapping[str, Any],
    "open": Any,
}
LIKELY = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0, 1.5, "", "1", "a", "2023-10-25T19:01:18", "2023-10-25", "soon"])
    | st.sampled_from([[], ["a"], ["a", 1], [None], {}, {"username": "padme"}, {"username": 1, "rank": 2}])
    | st.sampled_from([[{"username": "padme"}], {"username": True}, {"username": "", "last_name": None}])
)
FORGETFUL: Any = generate_reader(SpaceRef, [Field(name, str, "", as_text) for name in ("id", "title")])


def plainly(raw: dict[str, Any]) -> Note:
    """Read an object like a generated reader, one field after the other."""
    values: dict[str, Any] = {}
    extra = {name: value for name, value in raw.items() if name not in KINDS}
    for name, kind in KINDS.items():
        value = raw.get(name)
        if value or value is False or value == 0:
            try:
                values[name] = reader(kind)(value, kind)
            except PartlyReadableError as exc:
                values[name], extra[name] = exc.value, value
            except ValueError:
                if name == "id":
                    raise
                extra[name] = value
    return Note(**values, extra=extra)


def outcome(read: Any, raw: object) -> object:
    """Return its result with the types of its values; `None` if it raises."""
    try:
        made = read(raw)
    except (TypeError, ValueError):
        return None
    spots = attrs.fields(type(made))[:-1]
    return repr(made), dict(made.extra), [type(getattr(made, attribute.name)) for attribute in spots]


@given(st.dictionaries(st.sampled_from([*KINDS, "new", "extra"]), LIKELY))
def test_it_reads_what_a_plain_loop_reads(raw: dict[str, Any]) -> None:
    assert outcome(lambda it: structure(it, Note), raw) == outcome(plainly, raw)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "title", "new"]), LIKELY), min_size=2))
def test_what_came_before_changes_nothing(rows: list[dict[str, Any]]) -> None:
    for raw in rows:
        FORGETFUL.__globals__["last"] = (None, None)

        assert outcome(lambda it: structure(it, SpaceRef), raw) == outcome(FORGETFUL, raw)


def test_the_text_of_a_reader_is_the_one_in_its_docstring() -> None:
    fields = [Field(name, str, "", as_text) for name in ("id", "title")]
    shown = (inspect.getdoc(source) or "").split('`title: str = ""`:\n\n')[1].split("\n\nOf all")[0]

    assert [line.split() for line in source(fields).splitlines()] == [
        line.split() for line in shown.splitlines()
    ]


def test_what_is_read_is_the_model_and_as_frozen() -> None:
    file = structure(json.loads(vendor.FILE), File)

    assert type(file) is File
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        file.title = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), attrs.evolve]
)
def test_what_is_read_can_be_copied_like_what_is_made(copier: Any) -> None:
    file = structure({**json.loads(vendor.FILE), "new": 1}, File)

    assert (
        copier(file)
        == file
        == File(**{attribute.name: getattr(file, attribute.name) for attribute in attrs.fields(File)})
    )


def test_two_objects_that_say_the_same_share_their_small_objects() -> None:
    raw = {"id": "a", "space": {"id": "s", "title": "Space"}}
    one, other = structure(raw, Project), structure(json.loads(json.dumps(raw)), Project)

    assert one.space is other.space
    assert structure({**raw, "space": {"id": "s", "title": "Other"}}, Project).space == SpaceRef(
        id="s", title="Other"
    )


@pytest.mark.parametrize(("first", "second"), [(1, True), (1, 1.0), (0, False), ("", None)])
def test_values_that_are_equal_and_yet_not_the_same_are_kept_apart(first: object, second: object) -> None:
    structure({"id": first, "title": "x"}, SpaceRef)

    read = structure({"id": second, "title": "x"}, SpaceRef)

    if second is True or second is False:
        assert read == SpaceRef(title="x", extra={"id": second})
    else:
        assert read.id == ("1.0" if second else "")


def test_what_becomes_of_an_object_that_was_read_does_not_matter_to_the_next() -> None:
    raw = {"id": "a", "title": "x"}
    structure(raw, SpaceRef)
    raw["title"] = "y"

    assert structure({"id": "a", "title": "y"}, SpaceRef).title == "y"


def test_objects_that_were_read_share_neither_lists_nor_unknown_fields() -> None:
    raw = {"id": "a", "new": [1]}

    assert structure(raw, File).extra == {"new": [1]}
    assert structure(raw, File).extra is not structure(raw, File).extra


def test_a_missing_field_and_an_unknown_one_do_not_cancel_out() -> None:
    raw = dict.fromkeys(("id", "snapshot_id", "type"), "x") | {f"new{n}": n for n in range(30)}

    file = structure(raw, File)

    assert (file.type, file.title, len(file.extra)) == ("x", "", 30)


def test_a_traceback_shows_the_lines_of_a_reader() -> None:
    def broken(value: object, kind: object) -> object:
        raise RuntimeError(f"{value} {kind}")

    read = generate_reader(SpaceRef, [Field("id", dict, None, broken), Field("title", str, "", as_text)])

    with pytest.raises(RuntimeError) as caught:
        read({"id": "x", "title": ""}, None)
    assert "made.id = read_id(value, None)" in "".join(traceback.format_exception(caught.value))


@frozen
class Converting:
    """A model that readers cannot make."""

    id: str = field(converter=str)


@frozen
class Checking:
    """A model that readers cannot make."""

    id: str = field(validator=attrs.validators.instance_of(str))


@frozen
class Finishing:
    """A model that readers cannot make."""

    id: str

    def __attrs_post_init__(self) -> None:
        """Do something."""


@pytest.mark.parametrize("model", [Converting, Checking, Finishing])
def test_a_model_that_does_more_than_hold_values_is_refused_by_the_first_use(model: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"readers do not convert or validate|readers do not call"):
        reader(model)


def test_defaults_from_a_factory_are_made_for_each_object() -> None:
    fields = [Field("id", str, "", as_text), Field("title", dict, Factory(list), as_text)]
    read = generate_reader(SpaceRef, fields)

    one, other = read({"id": "a", "title": None}, None), read({"id": "b", "title": None}, None)

    assert one.title == other.title == []
    assert one.title is not other.title


@frozen(kw_only=True)
class Needed:
    """Model of a caller that needs nothing else of the objects."""

    id: str
    size: int | None = None


def test_a_model_without_extra_keeps_no_unknown_fields() -> None:
    assert structure({"id": "a", "size": 1, "more": [{}]}, Needed) == Needed(id="a", size=1)
    assert structure({"id": "a"}, Needed) == Needed(id="a")
    assert structure({"id": "a", "size": "many", "more": 1}, Needed) == Needed(id="a")


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
