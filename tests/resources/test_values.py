"""Value-list strings and aspects: read as types, yet equal to the received JSON."""

import copy
import json
import pickle
from datetime import UTC, datetime

import pytest

from coredata_async.resources.projects import EditProject, NewProject, Project
from coredata_async.resources.values import Aspects, ListValue
from coredata_async.wire.convert import structure, to_json


@pytest.mark.parametrize(
    ("text", "list_", "value", "parent"),
    [
        ("project_status:In_progress:", "project_status", "In_progress", ""),
        ("country:Iceland:europe", "country", "Iceland", "europe"),
        ("dynatypes_labels:File_plural:", "dynatypes_labels", "File_plural", ""),
        ("url:http://a.is:80:x", "url", "http", "//a.is:80:x"),
        ("a:b", "a", "b", ""),
        ("::", "", "", ""),
        ("Active", "", "Active", ""),
        ("", "", "", ""),
    ],
)
def test_a_list_value_is_taken_apart(text: str, list_: str, value: str, parent: str) -> None:
    found = ListValue(text)

    assert (found.list, found.value, found.parent) == (list_, value, parent)


def test_a_list_value_stays_a_string() -> None:
    value = ListValue("project_status:Pending:")

    assert value == "project_status:Pending:"
    assert hash(value) == hash("project_status:Pending:")
    assert {"project_status:Pending:": 1}[value] == 1
    assert f"{value}" == "project_status:Pending:"
    assert json.dumps([value]) == '["project_status:Pending:"]'
    assert not ListValue("")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_list_value_pickles_and_copies(protocol: int) -> None:
    value = ListValue("country:Iceland:europe")

    for copied in (pickle.loads(pickle.dumps(value, protocol)), copy.copy(value), copy.deepcopy(value)):
        assert type(copied) is ListValue
        assert copied.parent == "europe"


def test_a_list_value_that_was_read_can_be_sent_back() -> None:
    project = structure({"id": "a", "status": "project_status:Pending:"}, Project)

    assert type(project.status) is ListValue
    assert to_json(EditProject(status=project.status)) == b'{"status": "project_status:Pending:"}'


@pytest.mark.parametrize("wrong", [7, ["project_status:Pending:"], {"value": "Pending"}, True])
def test_a_list_value_that_is_not_a_string_is_kept_in_extra(wrong: object) -> None:
    assert structure({"id": "abc", "status": wrong}, Project) == Project(id="abc", extra={"status": wrong})


ASPECTS = {
    "letterout": {"date": "2016-10-10T00:00:00"},
    "url": {"url": "www.azazo.com"},
    "kkscode": {"kks_code": ["COD____"]},
    "timespan": {"all_day": False, "start_time": "2014-10-03T03:51:37.810505", "end_time": ""},
    "digitalsignature": {"digital_signature": '[["leia","1412308297"]]'},
    "emailinfo": {"attachments": [], "htmlText": "", "recipients": ["a@b.is", ""], "subject": "Sæl"},
    "unfilled": None,
}


def aspects() -> Aspects:
    return structure({"id": "a", "aspects": ASPECTS}, Project).aspects


def test_aspects_are_the_mapping_that_came() -> None:
    found = aspects()

    assert found == ASPECTS
    assert ASPECTS == found  # noqa: SIM300  # from either side
    assert found != {}
    assert (len(found), "url" in found, "URL" in found) == (7, True, False)
    assert list(found) == list(ASPECTS)
    assert found["url"]["url"] == "www.azazo.com"
    with pytest.raises(KeyError):
        found["missing"]


def test_aspects_read_a_field_as_a_type() -> None:
    found = aspects()

    assert found.moment("letterout", "date") == datetime(2016, 10, 10, tzinfo=UTC)
    assert found.moment("timespan", "start_time") == datetime(2014, 10, 3, 3, 51, 37, 810505, UTC)
    assert found.text("url", "url") == "www.azazo.com"
    assert found.flag("timespan", "all_day") is False
    assert found.texts("kkscode", "kks_code") == ("COD____",)
    assert found.texts("url", "url") == ("www.azazo.com",)
    assert found.texts("emailinfo", "recipients") == ("a@b.is", "")


@pytest.mark.parametrize(
    ("aspect", "name"),
    [
        ("missing", "x"),
        ("url", "missing"),
        ("timespan", "end_time"),
        ("emailinfo", "attachments"),
        ("unfilled", "x"),
    ],
)
def test_what_is_absent_or_empty_in_aspects_is_none(aspect: str, name: str) -> None:
    found = aspects()

    assert found.text(aspect, name) is None
    assert found.moment(aspect, name) is None
    assert found.flag(aspect, name) is None
    assert found.texts(aspect, name) == ()


def test_an_aspect_that_is_not_what_it_is_read_as_is_reported() -> None:
    with pytest.raises(ValueError, match=r"aspect url: url must be true or false, not 'www\.azazo\.com'"):
        aspects().flag("url", "url")
    with pytest.raises(ValueError, match="Invalid isoformat"):
        aspects().moment("url", "url")


def test_zero_and_false_are_not_empty() -> None:
    found = Aspects({"a": {"number": 0, "flag": False}})

    assert found.text("a", "number") == "0"
    assert found.flag("a", "flag") is False


def test_aspects_pickle_copy_and_go_back_as_they_came() -> None:
    found = aspects()

    for copied in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert type(copied) is Aspects
        assert copied == found
    assert json.loads(to_json(EditProject(aspects=found))) == {"aspects": ASPECTS}
    assert json.loads(to_json(NewProject(space="s", title="t", aspects=found)))["aspects"] == ASPECTS


def test_two_documents_do_not_share_their_empty_aspects() -> None:
    assert Project(id="a") == Project(id="a")
    assert Project(id="a").aspects is not Project(id="b").aspects
    assert not Project(id="a").aspects


@pytest.mark.parametrize("wrong", ["x", ["url"], 3])
def test_aspects_that_are_not_an_object_are_kept_in_extra(wrong: object) -> None:
    assert structure({"id": "abc", "aspects": wrong}, Project) == Project(id="abc", extra={"aspects": wrong})


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_every_empty_form_of_aspects_has_no_aspects(empty: object) -> None:
    assert structure({"id": "a", "aspects": empty}, Project).aspects == {}


def test_a_whole_document_with_both_pickles() -> None:
    project = structure(
        {"id": "a", "status": "project_status:Pending:", "aspects": ASPECTS, "new": 1}, Project
    )

    copied = pickle.loads(pickle.dumps(project))

    assert copied == project
    assert (copied.status.value, copied.extra) == ("Pending", {"new": 1})


def test_what_cannot_be_sent_as_json_is_refused_with_its_kind() -> None:

    with pytest.raises(ValueError, match="a set cannot be sent as JSON"):
        to_json(EditProject(aspects={"a": {"b": {1}}}))
