"""Paging options of a listing, filters as query strings, and ids in paths."""

import ast
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coredata_async
from coredata_async.errors import ConfigurationError
from coredata_async.resources.document import DatedWhere
from coredata_async.resources.files import FileWhere
from coredata_async.wire.resource import Paging, instant, query, segment


@pytest.mark.parametrize("page_size", [0, -1])
def test_a_page_holds_at_least_one(page_size: int) -> None:
    with pytest.raises(ConfigurationError, match="page_size must be 1 or more"):
        Paging(page_size=page_size)


def test_nobody_starts_before_the_beginning() -> None:
    with pytest.raises(ConfigurationError, match="offset 0 or more"):
        Paging(offset=-1)


def test_the_server_may_be_left_to_choose_the_page_size() -> None:
    assert Paging(page_size=None).page_size is None


WHEN = datetime(2019, 9, 2, 15, 38, 32, tzinfo=UTC)
BEFORE = datetime(2019, 8, 2, 15, 38, 32, tzinfo=UTC)


def test_no_filter_is_not_a_query() -> None:
    assert query(FileWhere()) == ""


def test_paging_follows_the_filters_and_none_is_left_out() -> None:
    assert query(FileWhere(title="x"), limit=None, offset=0) == "title=x&offset=0"


def test_page_size_and_offset_of_the_window_are_not_filters() -> None:
    assert query(FileWhere(page_size=7, offset=9), limit=5) == "limit=5"


@pytest.mark.parametrize("field", ["created", "modified"])
@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
def test_every_date_operator_is_written_as_the_vendor_does(field: str, operator: str) -> None:
    where = DatedWhere(**{f"{field}__{operator}": WHEN})

    assert query(where) == f"{field}__{operator}=2019-09-02T15:38:32Z"


@pytest.mark.parametrize("field", ["created", "modified"])
def test_a_range_is_a_pair_with_a_raw_comma(field: str) -> None:
    where = DatedWhere(**{f"{field}__range": (BEFORE, WHEN)})

    assert query(where) == f"{field}__range=2019-08-02T15:38:32Z,2019-09-02T15:38:32Z"


def test_a_range_of_days_runs_from_midnight_to_midnight() -> None:
    where = FileWhere(created__range=(date(2024, 1, 1), date(2024, 2, 1)))

    assert query(where) == "created__range=2024-01-01T00:00:00Z,2024-02-01T00:00:00Z"


@pytest.mark.parametrize("value", [(), (WHEN,), (WHEN, WHEN, WHEN), (WHEN, None), ("a", "b"), WHEN, "a,b"])
def test_a_range_that_is_not_a_pair_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="modified__range takes a pair"):
        query(FileWhere(modified__range=value))  # type: ignore[arg-type]


def test_a_pair_is_not_a_single_date() -> None:
    with pytest.raises(ConfigurationError, match="modified__gt must be"):
        query(FileWhere(modified__gt=(BEFORE, WHEN)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("Board meeting", "Board%20meeting"),
        ("Þingvellir", "%C3%9Eingvellir"),
        ("a&b=c", "a%26b%3Dc"),
        ("a+b", "a%2Bb"),
        ("50%", "50%25"),
        ("who? #1", "who%3F%20%231"),
        ("a/b", "a%2Fb"),
        ("one, two: three", "one,%20two:%20three"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_reserved_and_foreign_characters_are_percent_encoded(text: str, encoded: str) -> None:
    assert query(FileWhere(title__startswith=text)) == f"title__startswith={encoded}"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_title_arrives_as_it_was(text: str) -> None:
    assert parse_qsl(query(FileWhere(title=text)), strict_parsing=True) == [("title", text)]


@pytest.mark.parametrize("value", ["", 7, True, b"x", ["a"]])
def test_an_empty_or_foreign_value_is_refused_by_name(value: object) -> None:
    with pytest.raises(ConfigurationError, match="parent must be a string that is not empty"):
        query(FileWhere(parent=value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (WHEN, "2019-09-02T15:38:32Z"),
        (datetime(2019, 9, 2, 17, 38, 32, tzinfo=timezone(timedelta(hours=2))), "2019-09-02T15:38:32Z"),
        (datetime(2019, 9, 2, 15, 38, 32, 999_999, tzinfo=UTC), "2019-09-02T15:38:32Z"),
        (date(2019, 9, 2), "2019-09-02T00:00:00Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_a_point_in_time_is_written_in_utc(when: datetime | date, text: str) -> None:
    assert instant(when, "created__gt") == text


def test_a_naive_datetime_is_refused_with_advice() -> None:
    with pytest.raises(ConfigurationError, match=r"created__gt: .* no time zone; add one, .*UTC"):
        query(FileWhere(created__gt=datetime(2019, 9, 2)))


def test_a_naive_end_of_a_range_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no time zone"):
        query(FileWhere(created__range=(WHEN, datetime(2019, 9, 2))))


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "\t",
        "a b",
        ".",
        "..",
        "../x",
        "a/b",
        "/",
        "a\\b",
        "a?b",
        "a#b",
        "a\x00",
        "a\x7f",
        "a\u200b",
        "\udcff",
    ],
)
def test_what_would_leave_the_path_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a valid id"):
        segment(value)


@pytest.mark.parametrize("value", [None, 7, b"x"])
def test_what_is_not_a_string_is_not_an_id(value: object) -> None:
    with pytest.raises(ConfigurationError, match="the id must be a string"):
        segment(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("e139a8ac-7368-11ee-b992-57663b1559fb", "e139a8ac-7368-11ee-b992-57663b1559fb"),
        ("jón.þór", "j%C3%B3n.%C3%BE%C3%B3r"),
        ("padme+amidala@naboo.is", "padme%2Bamidala%40naboo.is"),
        ("a%2Fb", "a%252Fb"),
        ("...", "..."),
    ],
)
def test_an_id_or_username_is_percent_encoded(value: str, encoded: str) -> None:
    assert segment(value, "username") == encoded


@given(st.text())
def test_a_segment_is_one_segment_or_refused(value: str) -> None:
    try:
        encoded = segment(value)
    except ConfigurationError:
        return
    assert encoded.isascii()
    assert not set(encoded) & set("/\\?# ")
    assert encoded not in {"", ".", ".."}


def test_the_library_itself_never_filters_by_a_range_because_its_ends_are_uncertain() -> None:
    root = Path(coredata_async.__file__).parent
    nodes = (node for path in root.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg]

    assert "created__gt" in names
    assert [name for name in names if name.endswith("__range")] == []
