"""Lease of a worker: its duration, and its renewal."""

import os
from math import inf

import pytest

from coredata_async.bulk.lease import ParentLease, Unlimited


@pytest.fixture
def clock():
    """Clock of leases, set by the test."""
    return [100.0]


@pytest.fixture
def alarms():
    return []


@pytest.fixture
def lease(clock, alarms):
    return ParentLease(os.getppid(), alarms.append, lambda: clock[-1])


def test_the_lease_of_a_single_process_never_ends() -> None:
    assert Unlimited().is_valid(1e9)


def test_a_lease_is_valid_until_its_end_less_the_margin(lease, clock) -> None:
    lease.renew(130.0)
    assert lease.is_valid(29.9)
    assert not lease.is_valid(30.0)

    clock.append(129.0)
    assert lease.is_valid(0.0)
    assert not lease.is_valid(2.0)
    clock.append(130.0)
    assert not lease.is_valid(0.0)


def test_each_renewal_sets_the_alarm_to_the_new_end(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(110.0)
    lease.renew(135.0)

    assert alarms == [130.0, 135.0]


def test_a_first_lease_that_has_ended_on_arrival_is_not_valid(lease, clock, alarms) -> None:
    lease.renew(99.0)

    assert not lease.is_valid(0.0)
    assert alarms == []


def test_a_renewal_that_arrives_after_its_end_extends_nothing(lease, clock, alarms) -> None:
    lease.renew(130.0)
    clock.append(140.0)
    lease.renew(135.0)

    assert not lease.is_valid(0.0)
    assert alarms == [130.0]


def test_a_lease_is_not_valid_without_the_parent() -> None:
    lease = ParentLease(-1, lambda until: None)

    assert lease.until == inf
    assert not lease.is_valid(0.0)
