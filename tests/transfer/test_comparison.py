"""Matching of listed Files to blobs."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from coredata_async.resources.files import File
from coredata_async.transfer.comparison import (
    DIFFERENCE,
    PendingLookup,
    blob_key,
    compare_names,
    is_same_blob,
)
from coredata_async.transfer.steps import Planned, Stored

SINCE = datetime(2026, 1, 2, 12, tzinfo=UTC)
STORED = Stored(
    Planned(size=3, content_type=None, filename="é.txt"), "laika/Blob-1", "0" * 32, etag=None, since=SINCE
)
LIKE = File(id="f", filename="é.txt", size=3, digest="0" * 32, blob_name="of another form", created=SINCE)


@pytest.mark.parametrize(
    "shown", ["laika/Blob-1", "LAIKA/BLOB-1", "bucket/laika/blob-1", "blob-1", "b-lob1", "laika/BLOB1"]
)
def test_a_blob_name_in_another_form_is_the_same(shown: str) -> None:
    assert is_same_blob(shown, "laika/Blob-1")
    assert blob_key(shown) == blob_key("laika/Blob-1")


@pytest.mark.parametrize("shown", ["", "laika/Blob-2", "xblob-1", "laika", "1"])
def test_another_blob_name_is_not(shown: str) -> None:
    assert not is_same_blob(shown, "laika/Blob-1")


def lookup_after(file: File) -> PendingLookup:
    pending = PendingLookup(STORED, None, proof=True)
    compare_names(file, [pending] if blob_key(file.blob_name or "") == "blob1" else [], [pending])
    pending.answer(0.0, None, populated=True)
    return pending


def test_a_file_whose_blob_name_has_another_form_is_found() -> None:
    file = evolve(LIKE, blob_name="bucket/laika/Blob-1")

    look = lookup_after(file).result

    assert look is not None
    assert (look.hits, look.incomplete_reason) == ((file,), None)


def test_of_two_blobs_whose_names_differ_in_their_prefix_the_exact_one_counts() -> None:
    exact = PendingLookup(STORED, None, proof=True)
    other = PendingLookup(evolve(STORED, blob="Blob-1"), None, proof=True)

    compare_names(evolve(LIKE, blob_name="laika/Blob-1"), [other, exact], [other, exact])

    assert [len(each.hits) for each in (exact, other)] == [1, 0]
    assert not other.alike


@pytest.mark.parametrize(
    "file",
    [
        LIKE,
        evolve(LIKE, filename="e\u0301.txt"),
        evolve(LIKE, created=None),
        evolve(LIKE, created=SINCE - DIFFERENCE),
    ],
)
def test_a_new_file_of_the_same_name_and_bytes_raises_a_doubt(file: File) -> None:
    look = lookup_after(file).result

    assert look is not None
    assert look.incomplete_reason is not None
    assert file.id in look.incomplete_reason


@pytest.mark.parametrize(
    "file",
    [
        evolve(LIKE, filename="b.txt"),
        evolve(LIKE, size=4),
        evolve(LIKE, digest="1" * 32),
        evolve(LIKE, digest=None),
        evolve(LIKE, created=SINCE - DIFFERENCE - timedelta(seconds=1)),
    ],
)
def test_any_other_file_raises_none(file: File) -> None:
    look = lookup_after(file).result

    assert look is not None
    assert look.incomplete_reason is None
