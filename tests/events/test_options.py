"""Options of a worker that could lose or repeat messages are refused."""

import pytest

from coredata_async import ConfigurationError
from coredata_async.events.options import StoreOptions, WorkerOptions, matches


def test_names_are_derived_from_the_subject() -> None:
    options = WorkerOptions(subject="invoices.new")

    assert (options.dead_letters, options.stream_name, options.batch) == (
        "invoices.new.dead",
        "invoices_new",
        2,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"subject": ""},
        {"subject": "a b"},
        {"subject": "a..b"},
        {"subject": "a.>.b"},
        {"subject": "uploads.>", "dead_letters": "uploads.dead"},
        {"subject": "uploads.*"},
        {"subject": "uploads", "dead_letters": "uploads"},
        {"subject": "uploads", "dead_letters": "dead.*"},
        {"subject": "uploads", "consumer": "a.b"},
        {"subject": "uploads", "stream": "a b"},
        {"subject": "uploads", "concurrency": 0},
        {"subject": "uploads", "ack_wait": 0},
        {"subject": "uploads", "grace": float("nan")},
    ],
)
def test_options_that_cannot_work_are_refused(given) -> None:
    with pytest.raises(ConfigurationError):
        WorkerOptions(**given)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a", "a", True),
        ("a", "a.b", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        (">", "a", True),
        ("*.b", "a.b", True),
        ("a.b", "a", False),
    ],
)
def test_wildcards_match_as_in_nats(pattern, subject, expected) -> None:
    assert matches(pattern, subject) is expected


@pytest.mark.parametrize("address", ["", "redis://h", "mysql://user:secret@h/db"])
def test_an_unknown_record_store_is_refused_without_its_password(address) -> None:
    with pytest.raises(ConfigurationError, match="kv, sqlite:PATH") as found:
        StoreOptions(address=address)

    assert "secret" not in str(found.value)
