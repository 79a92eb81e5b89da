"""Lease of a worker: its duration, and its renewal."""

import os
from math import inf

import pytest

from coredata_async.bulk.workers import lease as leases
from coredata_async.bulk.workers.lease import ParentLease, Unlimited


@pytest.fixture
def clock(monkeypatch):
    """Clock of leases, set by the test."""
    times = [100.0]
    monkeypatch.setattr(leases, "now", lambda: times[-1])
    return times


@pytest.fixture
def alarms():
    return []


@pytest.fixture
def lease(clock, alarms):
    return ParentLease(os.getppid(), alarms.append)


def test_the_lease_of_a_single_process_never_ends() -> None:
    assert Unlimited().valid(1e9)


def test_a_lease_is_valid_until_its_end_less_the_margin(lease, clock) -> None:
    lease.renew(130.0)
    assert lease.valid(29.9)
    assert not lease.valid(30.0)

    clock.append(129.0)
    assert lease.valid()
    assert not lease.valid(2.0)
    clock.append(130.0)
    assert not lease.valid()


def test_each_renewal_sets_the_alarm_to_the_new_end(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(110.0)
    lease.renew(135.0)

    assert alarms == [30.0, 25.0]


def test_a_first_lease_that_has_ended_on_arrival_is_not_valid(lease, clock, alarms) -> None:
    lease.renew(99.0)

    assert not lease.valid()
    assert alarms == []


def test_a_renewal_that_arrives_after_its_end_extends_nothing(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(140.0)
    lease.renew(135.0)

    assert not lease.valid()
    assert alarms == [30.0]


def test_a_lease_is_not_valid_without_the_parent(clock) -> None:
    lease = ParentLease(-1, lambda seconds: None)

    assert lease.until == inf
    assert not lease.valid()


def test_the_clock_of_leases_is_that_of_every_process() -> None:
    before = leases.now()
    assert before <= leases.now() < before + 5
