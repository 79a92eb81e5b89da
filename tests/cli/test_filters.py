"""Tests that `list` sends exactly the given filters."""

import pytest

ALL = "limit=100&offset=0"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ((), ALL),
        (("--title", "Þing & co"), f"title=%C3%9Eing%20%26%20co&{ALL}"),
        (("--title-startswith", "Board"), f"title__startswith=Board&{ALL}"),
        (("--created-gt", "2024-01-01T00:00:00Z"), f"created__gt=2024-01-01T00:00:00Z&{ALL}"),
        (("--created-gte", "2024-01-01T02:00:00+02:00"), f"created__gte=2024-01-01T00:00:00Z&{ALL}"),
        (("--modified-lt", "2024-01-01"), f"modified__lt=2024-01-01T00:00:00Z&{ALL}"),
        (
            ("--created-range", "2024-01-01", "2024-02-01T12:00:00Z"),
            f"created__range=2024-01-01T00:00:00Z,2024-02-01T12:00:00Z&{ALL}",
        ),
        (
            ("--created-range", "2024-01-01,2024-02-01", "--title", "x"),
            f"title=x&created__range=2024-01-01T00:00:00Z,2024-02-01T00:00:00Z&{ALL}",
        ),
        (
            ("--modified-range=2024-01-01,2024-02-01",),
            f"modified__range=2024-01-01T00:00:00Z,2024-02-01T00:00:00Z&{ALL}",
        ),
        (("--associated-contacts-id", "c1"), f"associated_contacts_id=c1&{ALL}"),
        (("--page-size", "5", "--offset", "3"), "limit=5&offset=3"),
        (("--limit", "7"), "limit=7&offset=0"),
        (("--limit", "700"), ALL),
        (("--limit", "7", "--page-size", "2"), "limit=2&offset=0"),
    ],
)
def test_filters_reach_the_wire_as_they_are_meant(options, query, shell, far) -> None:
    shell.ok("projects", "list", *options)

    assert [each.target for each in far.state.requests] == [f"/api/v2/projects/?{query}"]


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--created-gt", "2024-01-01T00:00:00"), "2024-01-01T00:00:00Z"),
        (("--created-range", "2024-01-01", "2024-02-01T00:00"), "no time zone"),
        (("--created-range", "2024-01-01"), "not a pair"),
        (("--created-gt", "yesterday"), "2024-12-31T23:59:59Z"),
        (("--created-range", "1,2,3"), "not a pair"),
        (("--titel", "x"), "--title"),
        (("--limit", "0"), "0"),
        (("--page-size", "0"), "page_size"),
        (("--title", ""), "title"),
        (("--space", "a/b"), "not a valid id"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_advice_before_anything_is_sent(
    options, advice, shell, far
) -> None:
    done = shell("projects", "list", *options)

    assert done.code == 2
    assert advice in done.err
    assert done.out == ""
    assert len(far.state.requests) == 0


def test_limit_counts_objects_over_pages(shell) -> None:
    assert len(shell.ok("dynatypes", "list", "--json", "--limit", "5", "--page-size", "2").lines) == 5


def test_all_pages_come_without_a_limit(shell, far) -> None:
    assert len(shell.ok("value-lists", "list", "--json", "--page-size", "5").lines) > 10
    assert far.state.count("value_lists.list") + far.state.count("valuelists.list") >= 3
