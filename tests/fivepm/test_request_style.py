"""Tests of the encoding of requests and of their arguments."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coredata_async
import coredata_async.fivepm
from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.account import NewUser
from coredata_async.fivepm.models.activity import NewActivity
from coredata_async.fivepm.models.work_items import EditProject, EditTask, NewTask, TaskFilter
from coredata_async.fivepm.request_style import RequestStyle, flatten, key
from coredata_async.message import Request
from coredata_async.unset import UNSET

GET = METHODS["tasks.getById"]
ADD = METHODS["tasks.add"]
TASK = {"task": {"name": "Zoë & [1]", "projectId": "7"}}
PAIRS = [("task[name]", "Zoë & [1]"), ("task[projectId]", "7")]
JSON = [("retType", "json")]
SCALARS = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_", min_size=1, max_size=5)
PARAMS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1),
        max_leaves=8,
    ),
    max_size=4,
)


def query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.target.partition("?")[2], keep_blank_values=True)


def body(request: Request) -> list[tuple[str, str]]:
    assert isinstance(request.body, bytes)
    return parse_qsl(request.body.decode("ascii"), keep_blank_values=True)


def test_a_get_has_everything_in_the_query_and_no_body() -> None:
    request = RequestStyle().request(GET, {"id": "7"})

    assert request.method == "GET"
    assert request.path == "/api/v2/service/get/tasks/getById"
    assert query(request) == [("id", "7"), *JSON]
    assert request.body is None
    assert "Content-Type" not in request.headers


def test_xml_is_asked_for_by_not_asking_for_json() -> None:
    request = RequestStyle(format="xml").request(GET, {"id": "7"})

    assert query(request) == [("id", "7")]
    assert request.headers["Accept"].startswith("text/xml")


def test_a_post_has_everything_in_its_body() -> None:
    request = RequestStyle().request(ADD, TASK)

    assert request.target == "/api/v2/service/post/tasks/add"
    assert body(request) == [*PAIRS, *JSON]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_post_can_have_everything_in_its_query() -> None:
    request = RequestStyle(post_params="query").request(ADD, TASK)

    assert query(request) == [*PAIRS, *JSON]
    assert request.body == b""


def test_a_post_can_be_split() -> None:
    request = RequestStyle(post_params="split").request(ADD, TASK)

    assert query(request) == JSON
    assert body(request) == PAIRS


def test_brackets_and_spaces_are_percent_encoded() -> None:
    assert RequestStyle(format="xml").request(ADD, {"task": {"name": "a b"}}).body == b"task%5Bname%5D=a%20b"


def test_a_write_is_not_repeatable_and_a_read_is_even_if_it_is_posted() -> None:
    assert not RequestStyle().request(ADD, TASK).repeatable
    assert RequestStyle().request(GET, {"id": "7"}).repeatable
    assert RequestStyle().request(METHODS["activity.downloadFile"], {"id": "7"}).repeatable


def test_another_route_changes_verb_and_place() -> None:
    method = METHODS["activity.removeFile"]

    request = RequestStyle().request(method, {"id": "7"}, route=method.fallbacks[0])

    assert request.method == "GET"
    assert request.target == "/api/v2/service/get/activity/removeFile?id=7&retType=json"
    assert not request.repeatable


def test_what_is_not_given_is_not_sent_and_none_is_an_empty_text() -> None:
    edit = EditTask(name="x", description=None, tags=None, team=None, hidden=False, end_date=None)

    assert RequestStyle().encode(edit) == {
        "name": "x",
        "description": "",
        "tags": "",
        "endDate": "",
        "hidden": False,
        "team": "",
    }


def test_a_new_task_sends_its_name_and_never_an_unset_notify_flag() -> None:
    assert RequestStyle().encode(NewTask(name="x")) == {"name": "x"}
    assert RequestStyle().encode(NewActivity(type="msg", text="t", notify_client=False)) == {
        "type": "msg",
        "text": "t",
        "notifyClient": False,
    }


def test_tags_are_joined_by_commas_and_cannot_hold_one() -> None:
    assert RequestStyle().encode(EditProject(tags=["a", "b c"])) == {"tags": "a,b c"}
    assert RequestStyle().encode(EditProject(tags="a,b")) == {"tags": "a,b"}
    with pytest.raises(ConfigurationError, match="comma"):
        RequestStyle().encode(EditProject(tags=["a,b"]))


def test_a_team_is_written_as_a_list_of_ids_by_default() -> None:
    edit = EditProject(team=["5", "6"])

    assert RequestStyle().encode(edit) == {"team": ["5", "6"]}
    assert RequestStyle(team=lambda ids: {"teamMembers": {"user": list(ids)}}).encode(edit) == {
        "teamMembers": {"user": ["5", "6"]}
    }


def test_one_text_is_not_a_list_of_ids() -> None:
    with pytest.raises(ConfigurationError, match="team takes a list"):
        RequestStyle().encode(EditProject(team="56"))


def test_filters_go_by_the_services_names() -> None:
    where = TaskFilter(closed_within_days=3, updated_from=datetime(2026, 1, 2), active=True, extra={"q": "x"})

    assert RequestStyle().encode(where) == {
        "updatedFrom": datetime(2026, 1, 2),
        "active": True,
        "hide_old_object_period": 3,
        "q": "x",
    }


def test_extra_passes_through_and_beats_the_fields() -> None:
    assert RequestStyle().encode(NewTask(name="x", extra={"notifyUsers": ["1"], "name": "y"})) == {
        "name": "y",
        "notifyUsers": ["1"],
    }


def test_a_password_is_sent_and_never_shown() -> None:
    new = NewUser(first_name="A", email="a@b.is", password="hush", security_level=100)

    assert RequestStyle().encode(new)["password"] == "hush"
    assert "hush" not in repr(new)
    assert "hush" not in repr(
        RequestStyle().request(METHODS["users.add"], {"user": RequestStyle().encode(new)})
    )


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_id_is_refused_before_anything_is_sent(empty: str) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        key(empty)


class Level(IntEnum):
    """Enumeration of numbers."""

    CLIENT = 200


def test_an_object_goes_into_the_brackets_of_its_name() -> None:
    assert flatten({"task": {"name": "x", "projectId": "7"}}) == [
        ("task[name]", "x"),
        ("task[projectId]", "7"),
    ]


def test_a_list_is_counted_from_nought() -> None:
    assert flatten({"task": {"team": ["5", "6"]}}) == [("task[team][0]", "5"), ("task[team][1]", "6")]


def test_a_list_of_objects_is_counted_from_one_as_in_the_vendors_example() -> None:
    assert flatten({"files": [{"name": "a", "content": "b"}, {"name": "c"}]}) == [
        ("files[1][name]", "a"),
        ("files[1][content]", "b"),
        ("files[2][name]", "c"),
    ]


def test_an_empty_list_is_an_empty_text_so_that_it_can_clear() -> None:
    assert flatten({"task": {"team": []}}) == [("task[team]", "")]


def test_truths_are_digits_for_php_takes_the_text_false_as_true() -> None:
    assert flatten({"a": True, "b": False}) == [("a", "1"), ("b", "0")]


def test_nothing_and_unset_are_left_out() -> None:
    assert flatten({"a": None, "b": UNSET, "c": {"d": None}}) == []


def test_there_is_one_unset_for_both_services() -> None:
    assert coredata_async.UNSET is coredata_async.fivepm.UNSET is UNSET
    assert RequestStyle().encode(EditTask(name=coredata_async.UNSET)) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-07, "0.0000001"), (2.5, "2.5"), (1e22, "10000000000000000000000"), (Decimal("0.10"), "0.10")],
)
def test_numbers_have_no_exponent(value: object, text: str) -> None:
    assert flatten({"n": value}) == [("n", text)]


def test_an_enum_is_its_value() -> None:
    assert flatten({"level": Level.CLIENT}) == [("level", "200")]


def test_dates_are_written_with_a_space_or_with_a_t() -> None:
    when = {"d": datetime(2026, 11, 22, 10, 0, 1)}

    assert flatten(when) == [("d", "2026-11-22 10:00:01")]
    assert flatten(when, dates="t") == [("d", "2026-11-22T10:00:01")]


def test_a_day_is_its_midnight() -> None:
    assert flatten({"d": date(2026, 11, 22)}) == [("d", "2026-11-22 00:00:00")]


def test_a_time_zone_is_refused_for_5pm_knows_none() -> None:
    with pytest.raises(ConfigurationError, match=r"task\[endDate\].*time zone"):
        flatten({"task": {"endDate": datetime(2026, 1, 1, tzinfo=UTC)}})


@pytest.mark.parametrize("odd", [b"bytes", object(), {1, 2}, float("nan"), float("inf"), Decimal("inf")])
def test_what_has_no_spelling_is_refused_by_name(odd: object) -> None:
    with pytest.raises(ConfigurationError, match="odd"):
        flatten({"odd": odd})


@given(PARAMS)
def test_no_two_values_share_a_name_and_none_gets_lost(params: dict[str, object]) -> None:
    pairs = flatten(params)

    assert len({name for name, _ in pairs}) == len(pairs) == count(params)


@given(PARAMS)
def test_what_is_sent_is_what_was_meant_after_any_encoding(params: dict[str, object]) -> None:
    pairs = flatten(params)

    assert parse_qsl(urlencode(pairs), keep_blank_values=True) == pairs


def count(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1
