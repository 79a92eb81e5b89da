"""Expiry of signed URLs: diagnosis of the wrong clock when a signed URL had expired."""

from datetime import UTC, datetime, timedelta

from attrs import evolve

from coredata_async.transfer.url_expiry import Clocks

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RIGHT = Clocks(
    expires=NOON + timedelta(seconds=900), service=NOON, storage=NOON, local=NOON, elapsed=1.0
)  # fmt: skip


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_storage_ahead_of_the_service_is_measured() -> None:
    clocks = evolve(RIGHT, storage=later(1201))

    assert clocks.skew == 1200
    assert clocks.on_arrival
    assert not clocks.still_valid
    assert "the storage's clock is 1200 s ahead of the service's" in str(clocks)
    assert "2026-01-02 12:15:00Z" in str(clocks)


def test_urls_that_are_made_expired_are_the_services_fault() -> None:
    clocks = evolve(RIGHT, expires=later(-600))

    assert clocks.on_arrival
    assert "expired 600 s before its own clock" in str(clocks)


def test_a_slow_line_is_not_a_wrong_clock() -> None:
    assert not evolve(RIGHT, elapsed=1000.0, storage=later(1000)).on_arrival


def test_a_url_that_the_storages_own_clock_finds_valid_had_not_expired() -> None:
    assert RIGHT.still_valid


def test_nothing_is_claimed_of_clocks_that_are_not_shown() -> None:
    clocks = Clocks(expires=None, service=None, storage=None, local=NOON, elapsed=1.0)

    assert (clocks.skew, clocks.still_valid, clocks.on_arrival) == (None, False, True)
    assert str(clocks) == "this machine's 2026-01-02 12:00:00Z"
