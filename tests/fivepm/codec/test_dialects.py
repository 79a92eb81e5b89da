"""Tests that XML and JSON give the same models in every dialect."""

from __future__ import annotations

import string
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coredata_async.fivepm.codec.shape import many, one
from coredata_async.fivepm.codec.tree import parse
from coredata_async.fivepm.models.account import Group, Priority, Status, User
from coredata_async.fivepm.models.activity import Activity, File
from coredata_async.fivepm.models.work_items import Project, Task, Team
from coredata_async.fivepm.names import NAMES
from tests.fivepm.dialects import DIALECTS, Dialect, Fact

# XML normalises line endings, and blanks around a text alone are not content.
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿"), min_size=1
).filter(str.strip)
IDS = st.integers(1, 10**6).map(str)
TAG = st.text(string.ascii_letters + " é", min_size=1).filter(lambda text: text == text.strip())
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
    lambda when: when.replace(microsecond=0)
)
USERS = st.builds(
    User, id=IDS, first_name=st.just("") | WORDS, security_level=st.none() | st.integers(0, 300)
)
FILES = st.builds(File, id=IDS, name=WORDS, size=st.none() | st.integers(0, 10**9))
BY_TYPE: dict[str, st.SearchStrategy[object]] = {
    "str": st.just("") | WORDS,
    "str | None": st.none() | IDS,
    "int | None": st.none() | st.integers(0, 10**6),
    "float | None": st.none() | st.integers(0, 4000).map(lambda quarters: quarters / 4),
    "bool | None": st.none() | st.booleans(),
    "datetime | None": st.none() | MOMENTS,
    "tuple[str, ...]": st.lists(TAG, max_size=3).map(tuple),
    "Team | None": st.none()
    | st.lists(USERS, min_size=1, max_size=3).map(lambda users: Team(items=tuple(users))),
    "tuple[File, ...]": st.lists(FILES, max_size=3).map(tuple),
    "Mapping[str, object]": st.dictionaries(st.sampled_from(["prev", "colour"]), IDS, max_size=2),
}


def models(kind: type[object]) -> st.SearchStrategy[object]:
    """Generate objects of one class with any values in their fields."""
    spots = attrs.fields(kind)  # type: ignore[arg-type]
    return st.builds(kind, **{s.name: IDS if s.name == "id" else BY_TYPE[str(s.type)] for s in spots})


def facts(model: object) -> Fact:
    """Return the object by the service's names, as the server stores it."""
    found: dict[str, Fact] = {}
    for spot in attrs.fields(type(model)):  # type: ignore[arg-type]
        value = getattr(model, spot.name)
        if spot.name == "extra":
            found.update(value)
        elif isinstance(value, Team):
            found["team"] = [facts(user) for user in value.items]
        elif isinstance(value, tuple):
            found[spot.name] = ",".join(value) if spot.name == "tags" else [facts(file) for file in value]
        else:
            found[NAMES[type(model)][spot.name]] = value or None if isinstance(value, str) else value
    return found


def counted(model: object, dialect: Dialect) -> object:
    """Return the model with the size of its team, if the lists of the dialect state it."""
    team = getattr(model, "team", None)
    if team is None or dialect.lists != "page":
        return model
    sized = attrs.evolve(team, total=len(team.items), count=len(team.items))
    return attrs.evolve(model, team=sized)  # type: ignore[type-var]


KINDS = (Project, Task, User, Activity, File, Group, Status, Priority)
SOME = st.sampled_from(KINDS).flatmap(models)
LISTS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(models(kind), max_size=3))
)


@given(SOME, DIALECTS, st.booleans())
def test_one_object_is_the_same_in_every_dialect(model: object, dialect: Dialect, named: bool) -> None:
    name = type(model).__name__.lower() if named else ""

    assert one(parse(dialect.write(facts(model), name)), type(model)) == counted(model, dialect)


@given(LISTS, DIALECTS)
@example((Group, []), Dialect(nothing=None, lists="item"))
@example((Group, [Group(id="1")]), Dialect(lists="item", wrap=()))
def test_a_list_of_one_or_many_or_none_is_the_same_in_every_dialect(
    case: tuple[type[object], list[object]], dialect: Dialect
) -> None:
    kind, wanted = case

    found = many(parse(dialect.write([facts(each) for each in wanted])), kind)

    assert list(found.items) == [counted(each, dialect) for each in wanted]
    assert found.total == (len(wanted) if dialect.lists == "page" else None)


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("lists", ["list", "item", "items", "page", "numeric"])
@pytest.mark.parametrize("ids", [["7"], ["7", "8"]])
def test_a_team_of_bare_ids_is_one_of_users_with_nothing_but_an_id(
    format: str,  # noqa: A002
    lists: str,
    ids: list[Fact],
) -> None:
    dialect = Dialect(format=format, lists=lists)  # type: ignore[arg-type]

    found = one(parse(dialect.write({"id": "1", "team": ids})), Task)

    assert found is not None
    assert found.team is not None
    assert found.team.ids == tuple(ids)


@pytest.mark.parametrize("team", ["<team><total>0</total><count>0</count><items/></team>", "<team/>", ""])
def test_an_empty_team_has_no_members(team: str) -> None:
    found = one(parse(f"<data><id>1</id>{team}</data>".encode()), Task)

    assert found is not None
    assert found.team in [None, Team(total=0, count=0)]


@given(
    st.dictionaries(
        st.sampled_from(["id", "team", "status", "files", "items", "total", "data", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["id", "item", "1", "x"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_no_shape_raises_anything_but_value_error(tree: Mapping[str, Fact]) -> None:
    for kind in KINDS:
        for read in (one, many):
            with suppress(ValueError):
                read(tree, kind)  # type: ignore[operator]


@pytest.mark.parametrize("total", ["x", {"a": 1}, [1], 1.5, float("nan"), "1" * 5000])
def test_a_total_that_cannot_be_read_is_unknown_and_hides_no_object(total: object) -> None:
    found = many({"data": {"items": [{"id": "1"}], "total": total}}, Task)  # type: ignore[dict-item]

    assert ([each.id for each in found.items], found.total) == (["1"], None)
