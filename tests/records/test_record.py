"""Records survive a round trip through a store, and damage is detected."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.records.outcomes import RecordStoreError
from coredata_async.records.record import UploadRecord, UploadState
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAME = TEXT.filter(str.strip)
TAG = NAME.filter(lambda text: "," not in text)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1))
PLANS = st.builds(
    Planned, size=st.integers(0, 1 << 50), content_type=st.none() | TEXT, filename=st.none() | TEXT
)
STORED = st.builds(Stored, PLANS, TEXT, TEXT, etag=st.none() | TEXT, since=TIMES)
NEW = st.builds(
    NewFile,
    filename=NAME,
    title=NAME,
    parent=st.uuids().map(str),
    dynatype=st.none() | NAME,
    tags=st.lists(TAG, max_size=3).map(tuple),
)
RECORDS = st.builds(
    UploadRecord,
    key=TEXT,
    state=st.sampled_from(UploadState),
    new=NEW,
    epoch=st.integers(1, 9),
    owner=TEXT,
    renewals=st.integers(0, 1 << 40),
    stored=STORED,
    rounds=st.integers(0, 9),
    waited=st.floats(0, 1e6),
    stored_at=st.floats(0, 1e10),
    reserved=st.none() | TEXT,
    orphans=st.lists(TEXT, max_size=3).map(tuple),
    file_id=TEXT,
    verified=st.booleans(),
)
EXAMPLE = UploadRecord(
    key="k",
    state=UploadState.REGISTERING,
    new=NewFile(filename="a.txt", title="a", parent="p"),
    stored=Stored(Planned(size=3, content_type="text/plain"), "b", "m"),
)


@given(record=RECORDS)
def test_a_record_is_read_as_it_was_written(record) -> None:
    assert UploadRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_the_data_of_a_record() -> None:
    assert EXAMPLE.to_dict() == {
        "format": 1,
        "key": "k",
        "state": "registering",
        "new": {
            "filename": "a.txt",
            "title": "a",
            "parent": "p",
            "dynatype": None,
            "contacts": [],
            "tags": [],
        },
        "epoch": 1,
        "owner": "",
        "renewals": 0,
        "stored": {
            "plan": {"size": 3, "content_type": "text/plain", "filename": None},
            "blob": "b",
            "md5": "m",
            "etag": None,
            "since": None,
        },
        "rounds": 0,
        "waited": 0.0,
        "stored_at": 0.0,
        "reserved": None,
        "orphans": [],
        "file_id": None,
        "verified": False,
    }


@pytest.mark.parametrize(
    "damage",
    [
        {"state": "lost"},
        {"state": "confirmed"},
        {"stored": None},
        {"stored": {"blob": "b"}},
        {"new": None},
        {"new": {"filename": ""}},
        {"epoch": "1"},
        {"epoch": True},
        {"orphans": [1]},
        {"waited": "long"},
        {"key": None},
        {"format": None},
    ],
)
def test_a_damaged_record_is_an_error_that_says_what_to_do(damage) -> None:
    with pytest.raises(RecordStoreError, match=r"damaged: .*forget\(key\)"):
        UploadRecord.from_dict({**EXAMPLE.to_dict(), **damage})


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(RecordStoreError, match="has format 2, and this version reads format 1"):
        UploadRecord.from_dict({**EXAMPLE.to_dict(), "format": 2})


@pytest.mark.parametrize("data", [None, [], "record", 3])
def test_something_else_is_not_a_record(data) -> None:
    with pytest.raises(RecordStoreError, match="must be an object"):
        UploadRecord.from_dict(data)
