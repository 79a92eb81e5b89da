"""Value lists of 2014: keyed by name, with entries in the details."""

from coredata_async.resources.value_lists import VALUE_LISTS, Entry, ValueList
from coredata_async.wire.calls import get
from coredata_async.wire.convert import structure

STATUS = {
    "default": None,
    "entries": [
        {
            "name": "project_status:Pending:",
            "ordering": 0,
            "parent": None,
            "translations": {"en": "Pending", "is": "Í bið"},
        },
        {"name": "project_status:Closed:", "ordering": 1, "parent": None, "translations": {}},
    ],
    "name": "project_status",
    "parent": None,
    "resource_uri": "/api/v2/valuelists/project_status/",
    "type": "status",
}


def test_a_value_list_of_2014() -> None:
    assert structure(STATUS, ValueList) == ValueList(
        name="project_status",
        type="status",
        entries=(
            Entry(name="project_status:Pending:", translations={"en": "Pending", "is": "Í bið"}),
            Entry(name="project_status:Closed:", ordering=1),
        ),
        resource_uri="/api/v2/valuelists/project_status/",
    )


def test_a_listed_value_list_has_no_entries() -> None:
    assert structure({"name": "country", "parent": "continent"}, ValueList) == ValueList(
        name="country", parent="continent"
    )


def test_a_value_list_is_asked_for_by_its_name() -> None:
    assert get(VALUE_LISTS, "project_status").request.target == "/api/v2/valuelists/project_status/"


def test_an_order_that_is_a_numeral_is_a_number() -> None:
    assert structure({"name": "x", "entries": [{"ordering": "12"}]}, ValueList).entries[0].ordering == 12
