"""Statements that change the row of a file."""

import pytest

from coredata_async.bulk.journal import items
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

TEXT = "MD5 \ud800, and\na line"
ITEM = items.Item(1, 1, b"/a", "a", Fingerprint(1, 1, 1, 1), State.CONFIRMED)


@pytest.mark.parametrize(
    "statement",
    [
        items.mark_unknown(ITEM, TEXT),
        items.mark_ended(ITEM, State.RETRY, Reason.NETWORK, TEXT),
        *items.mark_failed(ITEM, Reason.MISMATCH, TEXT, blob=None),
        items.add_finding("warning", TEXT),
    ],
)
def test_any_text_of_a_server_can_be_part_of_a_message(statement: tuple[str, tuple[object, ...]]) -> None:
    assert r"MD5 \ud800, and\na line" in statement[1]
